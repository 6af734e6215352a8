"""The job that learns a forecast from the leads whose outcome is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import F

from leads import backtest, jobs, planning
from leads.conditions import ConditionError
from leads.conditions.moment import Moment
from leads.hindsight import mature
from leads.models import DefinitionSet, Job, Lead, PredictiveModel, User
from leads.prediction import features, quality
from leads.prediction.features import Row, Vocabulary
from leads.prediction.outcomes import closed
from leads.prediction.suggestions import Seen, enough, suggest, unit
from leads.scoring.model import Model
from leads.scoring.model import read as read_scoring

if TYPE_CHECKING:
    from leads.prediction.fitting import Fit

KIND = "train"
MOST = 100_000  # outcomes learned from: the newest
CHUNK = 2_000
EARLIER = 0.7  # the part trained on; the later rest is held out
FEWEST, FEWEST_EACH, FEWEST_HELD = 200, 40, 15
FITS = 4  # steps of progress after reading


@dataclass(frozen=True)
class Outcome:
    pk: int
    created_at: datetime
    won: bool


@dataclass(frozen=True)
class Part:
    """Leads of one stretch of time, oldest first."""

    outcomes: Sequence[Outcome]
    rows: Sequence[Row]

    @property
    def won(self) -> list[bool]:
        return [outcome.won for outcome in self.outcomes]

    def about(self) -> dict[str, Any]:
        first, last = self.outcomes[0].created_at, self.outcomes[-1].created_at
        counts = {"leads": len(self.outcomes), "won": sum(self.won)}
        return {**counts, "first": first.isoformat(), "last": last.isoformat()}


@dataclass(frozen=True)
class Parts:
    earlier: Part
    later: Part
    kinds: Sequence[str]


@dataclass(frozen=True)
class Rules:
    """The versions looked at beside the forecast: whose score is compared, whose points are weighed."""

    definition: DefinitionSet
    model: Model | None
    live: DefinitionSet
    live_model: Model | None

    @classmethod
    def now(cls) -> Rules:
        definition, live = backtest.subject(), DefinitionSet.current()
        return cls(definition, _model(definition), live, _model(live))

    def asked(self) -> dict[str, Any]:
        moment = Moment(F("known_at"))
        rules = self.model.rules if self.model else []
        asked = {f"rule:{index}": rule.given(moment) for index, rule in enumerate(rules)}
        return asked | ({"score": self.live_model.score(moment)} if self.live_model else {})


def _model(definition: DefinitionSet) -> Model | None:
    """Return a version's scoring model; a draft's may have mistakes still."""
    try:
        return read_scoring(definition.scoring) if backtest.rules_of(definition) else None
    except ConditionError:
        return None


def start(*, by: User | None, at: datetime) -> Job:
    return jobs.start(KIND, {}, by=by, at=at)


@jobs.work(KIND)
def train(job: Job, tell: jobs.Tell) -> dict[str, Any]:
    """Learn from the earlier outcomes, measure on the later ones, and keep what was found."""
    assert job.started_at
    outcomes = _outcomes(job.started_at)
    cut = int(len(outcomes) * EARLIER)
    _check(outcomes, cut)
    rules = Rules.now()
    kinds = _kinds(outcomes[:cut], job.started_at)
    rows = _rows(outcomes, kinds, rules, tell)
    parts = Parts(Part(outcomes[:cut], rows[:cut]), Part(outcomes[cut:], rows[cut:]), kinds)
    return _learn(job.started_at, parts, rules, tell)


def _outcomes(at: datetime) -> list[Outcome]:
    """Return the newest outcomes in order of the leads' creation."""
    newest = closed(at).order_by("-created_at", "-pk").values_list("pk", "created_at", "won")[:MOST]
    with planning.without(planning.JIT):
        return [Outcome(*values) for values in reversed(newest)]


def _check(outcomes: Sequence[Outcome], cut: int) -> None:
    """Refuse numbers that say nothing, and say how many there are."""
    won = sum(outcome.won for outcome in outcomes)
    known = f"there are {len(outcomes):,} ({won:,} won, {len(outcomes) - won:,} lost)"
    if len(outcomes) < FEWEST:
        raise jobs.JobError(f"It takes at least {FEWEST} leads with an outcome; so far {known}.")
    for part, least, words in (
        (outcomes[:cut], FEWEST_EACH, f"the earlier {EARLIER:.0%}, which it learns from"),
        (outcomes[cut:], FEWEST_HELD, f"the later {1 - EARLIER:.0%}, which it is measured on"),
    ):
        wins = sum(outcome.won for outcome in part)
        losses = len(part) - wins
        if min(wins, losses) < least:
            raise jobs.JobError(
                f"It takes at least {least} won and {least} lost leads in {words};"
                f" so far they are {wins:,} won and {losses:,} lost. In all {known}."
            )


def _rows(outcomes: Sequence[Outcome], kinds: Sequence[str], rules: Rules, tell: jobs.Tell) -> list[Row]:
    """Return what is looked at of each lead, in their order."""
    total = len(outcomes) + FITS
    rows: dict[int, Row] = {}
    tell(0, total)
    for chunk in _chunks(outcomes):
        leads = Lead.objects.filter(pk__in=[outcome.pk for outcome in chunk])
        with planning.without(planning.JIT):
            rows |= {row["pk"]: row for row in features.read(leads, kinds, rules.asked())}
        tell(len(rows), total)
    return [rows[outcome.pk] for outcome in outcomes]


def _kinds(earlier: Sequence[Outcome], at: datetime) -> list[str]:
    """Return the kinds of event of all leads of the time learned from, whatever became of them."""
    span = (earlier[0].created_at, earlier[-1].created_at)
    return features.common_kinds(mature(at).filter(created_at__range=span))


def _chunks(outcomes: Sequence[Outcome]) -> Iterator[Sequence[Outcome]]:
    return (outcomes[start : start + CHUNK] for start in range(0, len(outcomes), CHUNK))


def _learn(at: datetime, parts: Parts, rules: Rules, tell: jobs.Tell) -> dict[str, Any]:
    """Fit, measure and store; return what to say of it."""
    from leads.prediction import fitting  # noqa: PLC0415  scikit-learn is for workers that train, and slow to load

    read, held = len(parts.earlier.outcomes), len(parts.later.outcomes)

    def step(number: int) -> None:
        tell(read + held + number, read + held + FITS)

    words = features.vocabulary(parts.earlier.rows, parts.kinds)
    before, after = (
        fitting.matrix(list(map(words.vector, part.rows))) for part in (parts.earlier, parts.later)
    )
    step(1)
    fit = fitting.logistic(before, parts.earlier.won)
    step(2)
    rival = fitting.boosted(before, parts.earlier.won, after)
    step(3)
    suggestions = suggest(*_weighed(parts.earlier, rules))
    measured = _measured(parts, fit.chances(after), rival, rules)
    step(FITS)
    model = PredictiveModel.objects.create(
        definition=rules.definition if rules.definition.pk else None,
        trained_at=at,
        weights=_weights(words, fit, parts.earlier),
        quality={**measured, "strength": fit.strength},
        suggestions=suggestions,
    )
    return {"model": model.pk}


def _weights(words: Vocabulary, fit: Fit, earlier: Part) -> dict[str, Any]:
    """Return all that a forecast needs: one entry per column, in the vocabulary's order."""
    return {
        "vocabulary": words.as_json(),
        "intercept": fit.intercept,
        "coefficients": fit.coefficients,
        "means": fit.means,
        "scales": fit.scales,
        "base": sum(earlier.won) / len(earlier.won),
    }


def _measured(parts: Parts, chances: list[float], rival: list[float], rules: Rules) -> dict[str, Any]:
    """Return what the forecast is worth on the leads held out."""
    won = parts.later.won
    base = sum(parts.earlier.won) / len(parts.earlier.won)
    return {
        "trained": parts.earlier.about(),
        "held_out": parts.later.about(),
        "auc": quality.auc(chances, won),
        "boosted_auc": quality.auc(rival, won),
        "score": _score_quality(parts.later, rules),
        "brier": quality.brier(chances, won),
        "base_brier": quality.brier([base] * len(won), won),
        "calibration": quality.calibration(chances, won),
        "top": quality.top_tenth(chances, won),
    }


def _score_quality(later: Part, rules: Rules) -> dict[str, Any] | None:
    """Return what the published rules' score is worth on the same leads, at the same instants."""
    if not rules.live_model:
        return None
    scores = [row["score"] for row in later.rows]
    return {"version": rules.live.number, "auc": quality.auc(scores, later.won)}


def _weighed(earlier: Part, rules: Rules) -> tuple[list[dict[str, Any]], list[Seen]]:
    """Return the rules and how each showed; those too few or too many leads had are not weighed."""
    from leads.prediction import fitting  # noqa: PLC0415  as above

    raw: list[dict[str, Any]] = rules.definition.scoring["rules"] if rules.model else []  # type: ignore[index]
    columns = [[unit(rule, row[f"rule:{index}"]) for row in earlier.rows] for index, rule in enumerate(raw)]
    had = [sum(1 for amount in column if amount) for column in columns]
    known = [index for index, leads in enumerate(had) if enough(leads, len(earlier.rows))]
    rows = list(zip(*(columns[index] for index in known), strict=True))
    weights = dict(zip(known, fitting.weigh(fitting.matrix(rows), earlier.won), strict=True)) if known else {}
    return raw, [Seen(leads, len(earlier.rows), *weights.get(index, ())) for index, leads in enumerate(had)]
