"""What a draft can hold: any JSON that a database takes, however wrong."""

from __future__ import annotations

import json
from typing import Any

from leads.conditions.values import below
from leads.definitions.found import Problem
from leads.definitions.refusals import Unstorable
from leads.models.definitions import CONTENT

MAX_BYTES = 500_000
MAX_DEPTH = 60
LARGEST = 10**30  # SQLite and PostgreSQL agree on numbers up to here
MAX_REASON = 300
PARTS = (*CONTENT, "review_days", "reason")


def check_values(values: dict[str, Any]) -> None:
    """Raise `Unstorable` naming what cannot be kept."""
    for name, value in values.items():
        if name not in PARTS:
            raise Unstorable(name, "is not a part of a definition")
        _check(value, name, 1)
    _check_review(values.get("review_days", 1))
    if not isinstance(values.get("reason", ""), str):
        raise Unstorable("reason", "must be text")
    if len(json.dumps(values, ensure_ascii=False).encode()) >= MAX_BYTES:
        raise Unstorable("", f"is larger than {MAX_BYTES:,} bytes")


def _check_review(days: Any) -> None:
    if isinstance(days, bool) or not isinstance(days, int) or not 0 <= days <= 32_767:
        raise Unstorable("review_days", "must be a whole number of days")


def _check(value: Any, path: str, depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise Unstorable(path, f"is nested more than {MAX_DEPTH} deep")
    match value:
        case None | bool():
            return
        case str():
            _check_text(value, path)
        case int() | float():
            if not -LARGEST <= value <= LARGEST:  # which NaN never is
                raise Unstorable(path, "is out of range")
        case list():
            for index, item in enumerate(value):
                _check(item, below(path, index), depth + 1)
        case dict():
            for key, item in value.items():
                _check_text(key, path)
                _check(item, below(path, key), depth + 1)
        case _:
            raise Unstorable(path, "is not JSON")


def _check_text(text: Any, path: str) -> None:
    if not isinstance(text, str):
        raise Unstorable(path, "is not JSON")
    if not is_text(text):
        raise Unstorable(path, "holds a character that is not text")


def is_text(text: str) -> bool:
    """Tell whether a database can hold it."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def tidy(reason: str) -> str:
    """Return a reason as one line."""
    return " ".join(reason.split())


def reason_problems(reason: str) -> list[Problem]:
    if not tidy(reason):
        return [Problem("reason", "Say in one line what changes and why.")]
    if len(tidy(reason)) > MAX_REASON:
        return [Problem("reason", f"Use at most {MAX_REASON} characters.")]
    return [] if is_text(reason) else [Problem("reason", "It holds a character that is not text.")]
