"""Reading the values of a condition: what may stand there, and what is wrong with what does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from decimal import Decimal
from typing import Any, TypeVar

from leads.times import parse_instant

MAX_TEXT = 1_000
MAX_NUMBER = 1_000_000_000
MAX_DAYS = 100_000

Number = int | float | Decimal
_T = TypeVar("_T")


class ConditionError(ValueError):
    """What is wrong, and at which path, as `all[1].value`."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path
        self.message = message


def below(path: str, key: str | int) -> str:
    """Return the path of a key or an index of what is at `path`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


def read_text(raw: Any, path: str) -> str:
    """Return text that a database can hold."""
    if not isinstance(raw, str):
        raise ConditionError(path, "must be text")
    if len(raw) > MAX_TEXT:
        raise ConditionError(path, f"must be at most {MAX_TEXT} characters long")
    if "\0" in raw or any("\ud800" <= character <= "\udfff" for character in raw):
        raise ConditionError(path, "holds a character that is not text")
    return raw


def read_number(raw: Any, path: str, *, least: float = -MAX_NUMBER, most: float = MAX_NUMBER) -> Number:
    """Return a number within bounds, which NaN never is; true and false are none."""
    if isinstance(raw, bool) or not isinstance(raw, Number):
        raise ConditionError(path, "must be a number")
    if not least <= raw <= most:
        raise ConditionError(path, f"must be between {least:,} and {most:,}")
    return raw


def read_whole(raw: Any, path: str, *, least: int = 0, most: int = MAX_NUMBER) -> int:
    """Return a whole number within bounds."""
    number = read_number(raw, path, least=least, most=most)
    if number != int(number):
        raise ConditionError(path, "must be a whole number")
    return int(number)


def read_days(raw: Any, path: str) -> Number:
    """Return a number of days that calendars can bear."""
    return read_number(raw, path, least=-MAX_DAYS, most=MAX_DAYS)


def read_time(raw: Any, path: str) -> str:
    """Return an ISO 8601 date or time as it was written: its zone may be the workspace's."""
    if not isinstance(raw, str):
        raise ConditionError(path, "must be a date or time in ISO 8601")
    try:
        parse_instant(raw, UTC)
    except ValueError as error:
        raise ConditionError(path, str(error)) from error
    return raw


def read_truth(raw: Any, path: str) -> bool:
    """Return true or false."""
    if not isinstance(raw, bool):
        raise ConditionError(path, "must be true or false")
    return raw


def read_list(raw: Any, path: str, one: Callable[[Any, str], _T], most: int) -> list[_T]:
    """Return a list of values, each read by `one`."""
    if not isinstance(raw, list):
        raise ConditionError(path, "must be a list")
    if len(raw) > most:
        raise ConditionError(path, f"may hold at most {most:,} values")
    return [one(value, below(path, index)) for index, value in enumerate(raw)]


def event_words(kind: Any) -> str:
    """Return a kind of event as people read it: "quote request" of quote_request."""
    return str(kind).replace("_", " ")
