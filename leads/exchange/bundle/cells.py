"""What a cell may hold: a reader per column, which returns the value as the database takes it.

The readers run for every cell of millions of rows, so they are closures over what they need.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import connection, models

from leads import times
from leads.exchange.cells import WHOLE_LIMIT

if TYPE_CHECKING:
    from leads.exchange.bundle.files import Column

Value = str | int | None
Reader = Callable[[str], Value]

SQLITE_DIGITS = 15  # more of them SQLite rounds
DECIMAL = re.compile(r"[+-]?([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
WHOLE = re.compile(r"([0-9]{1,18})(?:\.0*)?")
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
FORMATS = {"currency": (re.compile(r"[A-Z]{3}"), "a currency code of three capital letters")}


def reader_of(column: Column, zone: tzinfo) -> Reader:
    """Return what reads a filled cell of this column, or raises a ValueError that says what is wrong."""
    if column.target:
        return _text(column.longest)
    if column.field.choices:
        return _choice([value for value, _ in column.field.choices])
    if column.name in FORMATS:
        return _matching(*FORMATS[column.name], column.longest)
    return _by_type(column.field, zone)


def _by_type(field: models.Field[Any, Any], zone: tzinfo) -> Reader:
    match field:
        case models.DateTimeField():
            return instant_reader(zone)
        case models.DateField():
            return read_date
        case models.DecimalField():
            return _decimal(field)
        case models.BooleanField():
            return read_flag
        case models.PositiveIntegerField():
            return read_whole
        case _:
            return _text(field.max_length)


def _text(limit: int | None) -> Reader:
    longest = limit or 1_000_000_000

    def read(cell: str) -> str:
        if len(cell) > longest:
            raise ValueError(f"is longer than {limit} characters")
        if "\0" in cell:
            raise ValueError("holds a NUL character")
        return cell

    return read


def _matching(pattern: re.Pattern[str], what: str, limit: int | None) -> Reader:
    text = _text(limit)

    def read(cell: str) -> Value:
        if not pattern.fullmatch(cell):
            raise ValueError(f"{cell!r} is not {what}")
        return text(cell)

    return read


def _choice(values: list[str]) -> Reader:
    known = frozenset(values)

    def read(cell: str) -> str:
        if cell not in known:
            raise ValueError(f"{cell!r} is not one of {', '.join(values)}")
        return cell

    return read


def instant_reader(zone: tzinfo) -> Reader:
    """Return a reader of ISO 8601 times, which without an offset are in `zone`."""

    def read(cell: str) -> str:
        if len(cell) == 20 and cell[19] == "Z" and cell[10] == "T" and "1000" <= cell[:4] < "9999":
            datetime.fromisoformat(cell)
            return f"{cell[:10]} {cell[11:19]}"
        return stored_instant(times.parse_instant(cell, zone))

    def named(cell: str) -> str:
        try:
            return read(cell)
        except (ValueError, OverflowError) as error:
            raise ValueError(f"{cell!r} is not a time such as 2026-01-31T09:00:00+01:00") from error

    return named


def stored_instant(at: datetime) -> str:
    """Return the instant as both databases take it."""
    return str(at.astimezone(UTC).replace(tzinfo=None))


def zulu(at: datetime) -> str:
    """Return the instant as bundles write it."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def moved_to_instant(cell: str, zone: tzinfo) -> str | None:
    """Return the time that an appointment was moved to, if the cell holds one and not an id."""
    try:
        is_time = ":" in cell or DATE.fullmatch(cell)
        return zulu(times.parse_instant(cell, zone)) if is_time else None
    except ValueError:
        return None


def read_date(cell: str) -> str:
    try:
        day = date.fromisoformat(cell)
    except ValueError:
        day = None
    if day is None or day.isoformat() != cell:
        raise ValueError(f"{cell!r} is not a date such as 2026-01-31")
    return cell


def read_flag(cell: str) -> int:
    if cell not in ("true", "false"):
        raise ValueError(f"{cell!r} is not true or false")
    return 1 if cell == "true" else 0


def read_whole(cell: str) -> int:
    found = WHOLE.fullmatch(cell)
    if not found or int(found[1]) > WHOLE_LIMIT:
        raise ValueError(f"{cell!r} is not a whole number from 0 to {WHOLE_LIMIT}")
    return int(found[1])


def _decimal(field: models.DecimalField[Any, Any]) -> Reader:
    def read(cell: str) -> str:
        if not DECIMAL.fullmatch(cell):
            raise ValueError(f"{cell!r} is not a number such as 1234.5")
        number = Decimal(cell)
        check_fits(number, field)
        return f"{number:f}" if number else "0"

    return read


def check_fits(number: Decimal, field: models.DecimalField[Any, Any]) -> None:
    """Refuse a number that the column would round or could not hold."""
    whole, fraction = digits(number)
    if fraction > field.decimal_places:
        raise ValueError(f"{number} has more than {field.decimal_places} decimals")
    if whole > field.max_digits - field.decimal_places:
        raise ValueError(
            f"{number} has more than {field.max_digits - field.decimal_places} digits before the point"
        )
    if connection.vendor == "sqlite" and whole + fraction > SQLITE_DIGITS:
        raise ValueError(f"{number} has more than {SQLITE_DIGITS} digits, which SQLite cannot keep exactly")


def digits(number: Decimal) -> tuple[int, int]:
    """Return how many digits a number needs before and after the point."""
    _, figures, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, figures)).lstrip("0")
    fraction = max(0, -exponent)
    while fraction and text.endswith("0"):
        text, fraction, exponent = text[:-1], fraction - 1, exponent + 1
    if not text:
        return 0, 0
    return max(0, len(text) + exponent), fraction
