"""Definitions in the words of the people who sell: names of rules, fields and operators, and sentences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from leads import conditions
from leads.conditions.fields import FIELDS
from leads.conditions.kinds import FreeMail, Instant, Tags
from leads.conditions.values import ConditionError, Number, event_words

Json = dict[str, Any]

UNFINISHED = "an unfinished condition holds"
STAGES = {"mql": "MQL", "sal": "SAL", "sql": "SQL"}
CATEGORIES = {"demographic": "Who they are", "firmographic": "Their company", "behavioural": "What they do"}
BANDS = {"warm": "Warm", "mql": "MQL", "sql": "SQL-ready"}
MODES = {"automatic": "automatic", "manual": "by a person"}

OPERATORS = {
    "eq": "is",
    "ne": "is other than",
    "in": "is any of",
    "not_in": "is none of",
    "contains": "contains",
    "starts_with": "starts with",
    "ends_with": "ends with",
    "gt": "is more than",
    "gte": "is at least",
    "lt": "is less than",
    "lte": "is at most",
    "between": "is between",
    "is_set": "is filled",
    "is_blank": "is blank",
    "count_gte": "at least",
    "count_lt": "fewer than",
}
_OF_INSTANTS = {"gt": "is after", "gte": "is at or after", "lt": "is before", "lte": "is at or before"}
_OF_TAGS = {
    "eq": "include",
    "contains": "include",
    "in": "include any of",
    "ne": "do not include",
    "not_in": "include none of",
    "is_set": "are filled",
    "is_blank": "are blank",
}


def field_label(name: Any) -> str:
    """Return what people call a field, in lower case: "company size"."""
    return FIELDS[name].label if isinstance(name, str) and name in FIELDS else str(name)


def operator_label(op: Any, field: Any = None) -> str:
    """Return an operator in words, as it stands behind this field."""
    kind = FIELDS[field].kind if isinstance(field, str) and field in FIELDS else None
    own = _OF_INSTANTS if isinstance(kind, Instant) else _OF_TAGS if isinstance(kind, Tags) else {}
    words = {**OPERATORS, **own}
    return words[op] if isinstance(op, str) and op in words else str(op)


def value_words(field: Any, value: Any) -> str:
    """Return one value of a condition in words."""
    if isinstance(value, bool):
        is_free = isinstance(field, str) and field in FIELDS and isinstance(FIELDS[field].kind, FreeMail)
        return ("a free provider's" if value else "a company's own") if is_free else str(value).lower()
    return number(value) if isinstance(value, Number) else str(value)


def number(value: Any) -> str:
    """Write a number plainly, with a true minus: 12, 0.5, −3."""
    if isinstance(value, bool) or not isinstance(value, Number):
        return "?" if value is None else str(value)
    text = f"{value:,}" if isinstance(value, int) else f"{float(value):,.10f}".rstrip("0").rstrip(".")
    return text.replace("-", "−")


def signed(points: Any) -> str:
    """Write points with their sign: +12, −3."""
    text = number(points)
    return text if text.startswith("−") else f"+{text}"


def listed(items: Iterable[str], joint: str = "and") -> str:
    """Write items as English does: a, b and c."""
    words = list(items)
    return f" {joint} ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def condition_words(condition: Any) -> str:
    """Return a condition in English, however unfinished it is."""
    try:
        return conditions.sentence(condition)
    except ConditionError:
        return UNFINISHED


def is_always(condition: Any) -> bool:
    """Tell whether a condition asks for nothing."""
    return condition in (None, {}, {"all": []})


def rule_name(rule: Json) -> str:
    """Return the name of a scoring rule: "Director or owner" of director-or-owner."""
    slug = rule.get("slug") if isinstance(rule, dict) else None
    words = slug.replace("-", " ").replace("_", " ").strip() if isinstance(slug, str) else ""
    return words[:1].upper() + words[1:] or "Rule without a name"


def rule_sentence(rule: Json) -> str:
    """Return what a scoring rule gives, and for what."""
    if not isinstance(rule, dict):
        return "An unfinished rule"
    points = signed(rule.get("points"))
    if rule.get("per_event") is not None:
        return ", ".join([f"{points} for each {event_words(rule['per_event'])}", *_limits(rule)])
    if is_always(rule.get("when")):
        return f"{points} for every lead"
    return f"{points} when {condition_words(rule['when'])}"


def _limits(rule: Json) -> list[str]:
    """Return what holds the points for events back."""
    said = {
        "max": "at most {}",
        "half_life_days": "halves every {} days",
        "daily_cap": "at most {} a day",
    }
    return [words.format(number(rule[key])) for key, words in said.items() if rule.get(key) is not None]


def category_words(scoring: Json, category: str) -> str:
    """Return how the points of a category count: "at most 30 points together, counted 1.5 times"."""
    cap = _part(scoring, "caps").get(category)
    weight = _part(scoring, "weights").get(category)
    said = [] if cap is None else [f"at most {number(cap)} points together"]
    return ", ".join(said if weight in (None, 1) else [*said, f"counted {number(weight)} times"])


def _part(scoring: Any, key: str) -> Json:
    part = scoring.get(key) if isinstance(scoring, dict) else None
    return part if isinstance(part, dict) else {}


def stage_sentence(stage: str, spec: Any) -> str:
    """Return how a lead comes to a stage."""
    label = STAGES.get(stage, stage)
    when = spec.get("when") if isinstance(spec, dict) else None
    is_automatic = isinstance(spec, dict) and spec.get("mode") == "automatic"
    if is_always(when):
        return f"Every lead becomes {label} by itself." if is_automatic else f"A person makes a lead {label}."
    if is_automatic:
        return f"A lead becomes {label} by itself as soon as {condition_words(when)}."
    return f"A person makes a lead {label}, once {condition_words(when)}."
