"""Which scoring rules tell good leads from others: what became of past leads that had each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Aggregate, Count, F, Q, QuerySet, Sum

from leads import jobs, planning
from leads.conditions import ConditionError
from leads.conditions.moment import Moment
from leads.hindsight import batches, known_at, mature
from leads.intervals import Interval, newcombe
from leads.models import DefinitionSet, Job, Lead
from leads.scoring.model import Model, read

KIND = "backtest"
DAYS = 365
FEWEST = 20  # leads with and without a rule
TENS = range(0, 100, 10)  # the last one includes 100
OUTCOMES = {"sql": "SQL", "customer": "customer"}
VERDICTS = {
    "helps": "Helps",
    "harms": "Harms",
    "nothing": "Tells nothing",
    "idle": "Could help",  # it tells leads apart and gives no points
    "few": "Too few to say",
}


@dataclass(frozen=True)
class Effect:
    """One outcome of the leads that had a rule, against those that had not."""

    hits: int
    of: int
    other_hits: int
    other_of: int

    @property
    def share(self) -> float | None:
        return self.hits / self.of if self.of else None

    @property
    def other_share(self) -> float | None:
        return self.other_hits / self.other_of if self.other_of else None

    @property
    def average(self) -> float | None:
        of = self.of + self.other_of
        return (self.hits + self.other_hits) / of if of else None

    @property
    def lift(self) -> float | None:
        """Return how many times the average the share is."""
        return self.share / self.average if self.share is not None and self.average else None

    @cached_property
    def difference(self) -> Interval | None:
        if not (self.of and self.other_of):
            return None
        return newcombe(self.hits, self.of, self.other_hits, self.other_of)

    def verdict(self, points: float) -> str:
        """Return what to think of a rule that gives these points: a key of `VERDICTS`."""
        few = min(self.of, self.other_of) < FEWEST or not self.hits + self.other_hits
        if few or self.difference is None:
            return "few"
        _, low, high = self.difference
        if low <= 0 <= high:
            return "nothing"
        if not points:
            return "idle"
        return "helps" if (low > 0) == (points > 0) else "harms"


@dataclass(frozen=True)
class RuleFigures:
    """What past leads say of a rule."""

    slug: str
    leads: int  # that had it
    typical: float | None  # the points it gave on average; None once they were changed
    sql: Effect
    customer: Effect
    days: int
    at: datetime

    def effect(self, outcome: str) -> Effect:
        return self.sql if outcome == "sql" else self.customer


@dataclass(frozen=True)
class ScoreStep:
    """What became of the leads with a score in one ten."""

    first: int
    leads: int
    sql: int
    customer: int

    @property
    def label(self) -> str:
        return f"{self.first}–{100 if self.first == TENS[-1] else self.first + 9}"

    def hits(self, outcome: str) -> int:
        return self.sql if outcome == "sql" else self.customer

    def share(self, outcome: str) -> float | None:
        return self.hits(outcome) / self.leads if self.leads else None


@dataclass(frozen=True)
class Backtest:
    """A finished run, as it was stored."""

    job: Job

    @property
    def result(self) -> Any:
        return self.job.result

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.result["at"])

    @property
    def leads(self) -> int:
        return int(self.result["leads"])

    def total(self, outcome: str) -> int:
        return int(self.result[outcome])

    @property
    def days(self) -> int:
        return int(self.result["days"])

    @property
    def steps(self) -> list[ScoreStep]:
        return [ScoreStep(**step) for step in self.result["scores"]]

    def is_of(self, definition: DefinitionSet) -> bool:
        """Tell whether it was run on the version as it is now."""
        return (self.result["definition"], self.result["revision"]) == (definition.pk, definition.revision)

    def rules(self, rules: Iterable[Mapping[str, Any]]) -> dict[str, RuleFigures]:
        """Return the figures of these rules, where they still ask what they asked then."""
        stored = {_asks(entry["rule"]): entry for entry in self.result["rules"]}
        return {
            rule["slug"]: self._figures(rule, stored[_asks(rule)]) for rule in rules if _asks(rule) in stored
        }

    def _figures(self, rule: Mapping[str, Any], entry: Mapping[str, Any]) -> RuleFigures:
        had = entry["leads"]

        def effect(outcome: str) -> Effect:
            hits = entry[outcome]
            return Effect(hits, had, self.total(outcome) - hits, self.leads - had)

        typical = entry["points"] / had if had and entry["rule"] == rule else None
        return RuleFigures(rule["slug"], had, typical, effect("sql"), effect("customer"), self.days, self.at)


def _asks(rule: Mapping[str, Any]) -> str:
    """Return what decides whether a lead has a rule, and so its figures."""
    kind = rule.get("per_event")
    return json.dumps([kind, kind is None or bool(rule.get("points")), rule.get("when")], sort_keys=True)


def subject() -> DefinitionSet:
    """Return the version to look at: the draft, or else the published one."""
    return DefinitionSet.draft() or DefinitionSet.current()


def start(definition: DefinitionSet, *, by: Any, at: datetime, days: int = DAYS) -> Job:
    params = {"definition": definition.pk, "revision": definition.revision, "days": days}
    return jobs.start(KIND, params, by=by, at=at)


def finished(definition: DefinitionSet) -> Backtest | None:
    """Return the latest finished backtest of a version, or of the one it was made from."""
    for pk in filter(None, (definition.pk, definition.based_on_id)):
        done = Job.objects.filter(kind=KIND, params__definition=pk, state=Job.State.DONE)
        if job := done.first():
            return Backtest(job)
    return None


def latest(definition: DefinitionSet) -> dict[str, RuleFigures]:
    """Return what past leads say of a version's rules, by slug; a rule changed since has no figures."""
    backtest = finished(definition)
    return backtest.rules(rules_of(definition)) if backtest else {}


def rules_of(definition: DefinitionSet) -> list[dict[str, Any]]:
    """Return the rules of a version as far as they can be read: those of a draft may be unfinished."""
    scoring = definition.scoring if isinstance(definition.scoring, dict) else {}
    rules = scoring.get("rules")
    return [rule for rule in rules if _is_rule(rule)] if isinstance(rules, list) else []


def _is_rule(rule: Any) -> bool:
    return isinstance(rule, dict) and isinstance(rule.get("slug"), str)


def scoring_of(definition: DefinitionSet) -> Model:
    """Return a version's scoring model, or say why there is none to look at."""
    if not rules_of(definition):
        raise jobs.JobError(f"{definition} has no scoring rules.")
    try:
        return read(definition.scoring)
    except ConditionError as error:
        raise jobs.JobError(f"The scoring of {str(definition).lower()} has a mistake: {error}.") from None


@jobs.work(KIND)
def run(job: Job, tell: jobs.Tell) -> dict[str, Any]:
    """Count, rule by rule, the past leads that had it and what became of them."""
    definition = DefinitionSet.objects.filter(pk=job.params["definition"]).first()
    if definition is None:
        raise jobs.JobError("The draft was discarded meanwhile.")
    assert job.started_at
    model, at, days = scoring_of(definition), job.started_at, int(job.params["days"])
    counts = _counts(model, mature(at).filter(created_at__gt=at - timedelta(days=days)), at, tell)
    about = {"definition": definition.pk, "number": definition.number, "revision": definition.revision}
    return {**about, "at": at.isoformat(), "days": days, **_result(definition, counts)}


def _counts(model: Model, leads: QuerySet[Lead], at: datetime, tell: jobs.Tell) -> Counter[str]:
    total, counts = leads.count(), Counter[str]()
    moment = Moment(F("known_at"))
    given = {f"rule_{index}": rule.given(moment) for index, rule in enumerate(model.rules)}
    judged = leads.annotate(known_at=known_at()).annotate(**given, fresh=model.score(moment))
    aggregates = _aggregates(len(model.rules), at)
    tell(0, total)
    for batch in batches(judged):
        with planning.without(planning.JIT):
            found = batch.aggregate(**aggregates)
        counts.update({name: value or 0 for name, value in found.items()})
        tell(int(counts["leads"]), total)
    return counts


def _aggregates(rules: int, at: datetime) -> dict[str, Aggregate]:
    """Return what to count of the leads: in all, per rule, and per ten of the score."""
    found = _by_outcome("", Q(), at)
    for index in range(rules):
        found |= _by_outcome(f"{index}_", Q(**{f"rule_{index}__isnull": False}), at)
        found[f"{index}_points"] = Sum(f"rule_{index}")
    for first in TENS:
        below = Q() if first == TENS[-1] else Q(fresh__lt=first + 10)
        found |= _by_outcome(f"from_{first}_", Q(fresh__gte=first) & below, at)
    return found


def _by_outcome(prefix: str, which: Q, at: datetime) -> dict[str, Aggregate]:
    return {
        f"{prefix}leads": Count("pk", filter=which or None),
        f"{prefix}sql": Count("pk", filter=which & Q(sql_at__lte=at)),
        f"{prefix}customer": Count("pk", filter=which & Q(customer_at__lte=at)),
    }


def _result(definition: DefinitionSet, counts: Counter[str]) -> dict[str, Any]:
    names = ("leads", *OUTCOMES)

    def read_counts(prefix: str = "") -> dict[str, Any]:
        return {name: counts[f"{prefix}{name}"] for name in names}

    rules = [
        {"rule": rule, **read_counts(f"{index}_"), "points": counts[f"{index}_points"]}
        for index, rule in enumerate(definition.scoring["rules"])  # type: ignore[index]
    ]
    scores = [{"first": first, **read_counts(f"from_{first}_")} for first in TENS]
    return {**read_counts(), "rules": rules, "scores": scores}
