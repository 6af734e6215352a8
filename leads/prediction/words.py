"""Features of a forecast in plain words."""

from __future__ import annotations

from typing import Any, NamedTuple

from leads.prediction.features import EVENT, OTHER, TEXTS, Column

LABELS = {
    "seniority": "seniority",
    "job_function": "job function",
    "industry": "industry",
    "country": "country",
    "company_size": "company size",
    "channel": "channel",
    "offer": "landing page offer",
}
YES_NO = {
    "free_email": ("free e-mail", "no free e-mail"),
    "has_phone": ("phone given", "no phone"),
    "has_company": ("company given", "no company"),
    "has_website": ("website given", "no website"),
    "has_job_title": ("job title given", "no job title"),
}
TIMES = {"submissions": "form submission", "sessions": "session", "touches": "touch"}


class Reason(NamedTuple):
    text: str
    is_good: bool


def fact(feature: str, value: Any) -> str:
    """Say what a lead has of a feature: `Director`, `free e-mail`, `3 pricing views`."""
    if feature in TEXTS:
        return _text(feature, (value or "").strip())
    if feature in YES_NO:
        return YES_NO[feature][0 if value else 1]
    return amount(value, thing(feature))


def _text(feature: str, value: str) -> str:
    if not value:
        return f"no {LABELS[feature]}"
    return f"{value} employees" if feature == "company_size" else value


def thing(feature: str) -> str:
    return TIMES.get(feature) or feature.removeprefix(EVENT).replace("_", " ")


def amount(number: int, name: str) -> str:
    if number == 1:
        return f"1 {name}"
    return f"{number:,} {_plural(name)}" if number else f"no {name}"


def _plural(name: str) -> str:
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("s", "x", "ch", "sh")) else f"{name}s"


def column_name(column: Column, written: str | None) -> str:
    """Name a column of the model: `Seniority: Director`, `Free e-mail`, `Pricing views`."""
    if column.level is None:
        name = YES_NO[column.feature][0] if column.feature in YES_NO else _plural(thing(column.feature))
        return name[:1].upper() + name[1:]
    level = {"": "none given", OTHER: "any other"}.get(column.level, written or column.level)
    return f"{LABELS[column.feature].capitalize()}: {level}"
