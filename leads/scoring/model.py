"""A scoring model: read from JSON once, then one expression over a lead."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Expression, FloatField, Value, When
from django.db.models.functions import Cast, Coalesce, Greatest, Least, NullIf

from leads.conditions.moment import Moment
from leads.conditions.tree import Node
from leads.conditions.tree import read as read_condition
from leads.conditions.values import ConditionError, below, read_number, read_text, read_whole
from leads.scoring.sql import EventPoints, RoundHalfUp, Total

CATEGORIES = ("demographic", "firmographic", "behavioural")
BANDS = ("sql", "mql", "warm")  # from the top; below them all a lead is cold
DEFAULT_THRESHOLDS = {"warm": 25.0, "mql": 50.0, "sql": 75.0}

EVENT_KEYS = ("per_event", "max", "half_life_days", "daily_cap")
NOT_IN_RULES = frozenset({"score", "stage"})  # the score decides them

UNLIMITED = 100.0  # what a rule per event without a `max` is taken to reach
MAX_RULES = 200
MAX_SIZE = 3_000
SMALLEST = 1e-9


def amount(value: float) -> Expression:
    """Return a number that every database reckons with in double precision."""
    return Cast(Value(value), FloatField())


def clamp(expression: Any, limit: float | None) -> Any:
    """Return the expression held between −limit and +limit."""
    return expression if limit is None else Least(Greatest(expression, amount(-limit)), amount(limit))


def rounded(results: Iterable[Any]) -> Expression:
    """Return what categories bring together, as a whole number from 0 to 100."""
    return RoundHalfUp(Least(Greatest(Total(*results), amount(0)), amount(100)))


@dataclass(frozen=True, kw_only=True)
class Rule(ABC):
    slug: str
    category: str
    points: float

    @abstractmethod
    def given(self, moment: Moment) -> Any:
        """Return the points a lead has from the rule; NULL where it does not apply."""

    @property
    def reach(self) -> float:
        """Return the most the rule can give."""
        return max(self.points, 0)

    def size(self) -> int:
        return 4


@dataclass(frozen=True, kw_only=True)
class FitRule(Rule):
    """Points for who the lead is."""

    when: Node

    def given(self, moment: Moment) -> Any:
        return Case(When(self.when.where(moment), then=amount(self.points)), output_field=FloatField())

    def size(self) -> int:
        return 1 + self.when.size()


@dataclass(frozen=True, kw_only=True)
class EventRule(Rule):
    """Points for each thing of a kind the lead did, fading with age."""

    kind: str
    most: float | None
    half_life_days: float | None
    daily_cap: int | None

    def given(self, moment: Moment) -> Any:
        return NullIf(EventPoints([self], moment), amount(0))

    @property
    def reach(self) -> float:
        if self.points <= 0:
            return 0
        return UNLIMITED if self.most is None else self.most


@dataclass(frozen=True)
class Model:
    weights: dict[str, float]
    caps: dict[str, float | None]
    rules: list[Rule]
    thresholds: dict[str, float]

    def score(self, moment: Moment) -> Expression:
        """Return the score, a whole number from 0 to 100."""
        return self.score_of({category: self.sum(category, moment) for category in CATEGORIES})

    def score_of(self, sums: Mapping[str, Any]) -> Expression:
        """Return the score, given what the rules of each category add up to."""
        return rounded(self.result(category, sums[category]) for category in CATEGORIES)

    def result(self, category: str, total: Any) -> Any:
        """Return what a category brings to the score, given what its rules add up to."""
        return amount(self.weights[category]) * clamp(total, self.caps[category])

    def sum(self, category: str, moment: Moment) -> Expression:
        """Return what the rules of a category add up to."""
        events = self.event_rules(category)
        given = [EventPoints(events, moment, felt=True)] if events else []
        return Total(*self._fit(category, moment), *given)

    def fit(self, category: str, moment: Moment) -> Expression:
        """Return what the rules of a category that ask who the lead is add up to."""
        return Total(*self._fit(category, moment))

    def _fit(self, category: str, moment: Moment) -> list[Any]:
        rules = [rule for rule in self.of(category) if isinstance(rule, FitRule)]
        return [amount(0), *(Coalesce(rule.given(moment), amount(0)) for rule in rules)]

    def event_rules(self, category: str) -> list[EventRule]:
        return [rule for rule in self.of(category) if isinstance(rule, EventRule)]

    def of(self, category: str) -> list[Rule]:
        return [rule for rule in self.rules if rule.category == category]


def band_of(thresholds: dict[str, float], score: float) -> str:
    """Return the name of the band a score is in."""
    return next((band for band in BANDS if score >= thresholds[band]), "cold")


def read(scoring: Any) -> Model:
    """Return the model, or raise a `ConditionError` naming the first thing wrong with it."""
    _object(scoring, "", {"weights", "caps", "rules", "thresholds"})
    rules = _rules(scoring.get("rules"))
    return Model(
        weights=_per_category(scoring.get("weights"), "weights", 1.0, _weight),
        caps=_per_category(scoring.get("caps"), "caps", None, _limit),
        rules=rules,
        thresholds=read_thresholds(scoring.get("thresholds")),
    )


def _object(raw: Any, path: str, keys: set[str]) -> None:
    if not isinstance(raw, dict):
        raise ConditionError(path, "must be an object")
    unknown = next((key for key in raw if key not in keys), None)
    if unknown is not None:
        raise ConditionError(below(path, str(unknown)), "is not known here")


def _number(raw: Any, path: str, least: float, most: float) -> float:
    number = float(read_number(raw, path, least=least, most=most))
    if 0 < abs(number) < SMALLEST:
        raise ConditionError(path, f"is smaller than {SMALLEST:g}")
    return number


def _weight(raw: Any, path: str) -> float:
    return _number(raw, path, 0, 100)


def _limit(raw: Any, path: str) -> float:
    return _number(raw, path, 0, 1_000_000)


def _per_category(raw: Any, path: str, default: Any, one: Callable[[Any, str], Any]) -> dict[str, Any]:
    given = {} if raw is None else raw
    _object(given, path, set(CATEGORIES))
    values = {key: one(value, below(path, key)) for key, value in given.items() if value is not None}
    return {category: values.get(category, default) for category in CATEGORIES}


def read_thresholds(raw: Any) -> dict[str, float]:
    """Return the score at which each band begins."""
    if raw is None:
        return DEFAULT_THRESHOLDS
    _object(raw, "thresholds", set(BANDS))
    values = {band: _number(raw.get(band), f"thresholds.{band}", 0, 1_000) for band in reversed(BANDS)}
    if not values["warm"] < values["mql"] < values["sql"]:
        raise ConditionError("thresholds", "must rise: warm below mql below sql")
    return values


def _rules(raw: Any) -> list[Rule]:
    given = [] if raw is None else raw
    if not isinstance(given, list) or len(given) > MAX_RULES:
        raise ConditionError("rules", f"must be a list of at most {MAX_RULES} rules")
    rules: list[Rule] = []
    for index, rule in enumerate(given):
        rules.append(_rule(rule, f"rules[{index}]"))
        if any(rules[-1].slug == other.slug for other in rules[:-1]):
            raise ConditionError(f"rules[{index}].slug", f"{rules[-1].slug!r} is there twice")
    if sum(rule.size() for rule in rules) > MAX_SIZE:
        raise ConditionError("rules", f"hold more than {MAX_SIZE:,} values")
    return rules


def _rule(raw: Any, path: str) -> Rule:
    _object(raw, path, {"slug", "category", "points", "when", *EVENT_KEYS})
    if raw.get("per_event") is not None:
        return _event_rule(raw, path)
    _absent(raw, EVENT_KEYS, path, "is for rules with per_event")
    when = read_condition(raw.get("when"), NOT_IN_RULES, below(path, "when"))
    return FitRule(**_shared(raw, path), when=when)


def _absent(raw: dict[str, Any], keys: Iterable[str], path: str, message: str) -> None:
    stray = next((key for key in keys if raw.get(key) is not None), None)
    if stray:
        raise ConditionError(below(path, stray), message)


def _event_rule(raw: dict[str, Any], path: str) -> EventRule:
    _absent(raw, ["when"], path, "does not go with per_event")

    def optional(key: str, read_one: Callable[[Any, str], Any]) -> Any:
        return None if raw.get(key) is None else read_one(raw[key], below(path, key))

    return EventRule(
        **_shared(raw, path),
        kind=_slug(raw["per_event"], below(path, "per_event")),
        most=optional("max", _limit),
        half_life_days=optional("half_life_days", _half_life),
        daily_cap=optional("daily_cap", lambda value, where: read_whole(value, where, least=1)),
    )


def _half_life(raw: Any, path: str) -> float:
    days = _number(raw, path, 0, 100_000)
    if not days:
        raise ConditionError(path, "must be more than 0")
    return days


def _shared(raw: dict[str, Any], path: str) -> dict[str, Any]:
    if raw.get("category") not in CATEGORIES:
        raise ConditionError(below(path, "category"), f"must be one of {', '.join(CATEGORIES)}")
    return {
        "slug": _slug(raw.get("slug"), below(path, "slug")),
        "category": raw["category"],
        "points": _number(raw.get("points"), below(path, "points"), -1_000, 1_000),
    }


def _slug(raw: Any, path: str) -> str:
    text = read_text(raw, path)
    if not text:
        raise ConditionError(path, "must not be blank")
    return text
