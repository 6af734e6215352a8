"""What the text in a cell means: a value, or a ValueError that says what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Container
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from functools import cache, lru_cache

from leads import times

WHOLE_LIMIT = 2_147_483_647
MONEY_LIMIT = Decimal(10) ** 12  # what a money column holds, with 6 decimals
MICRO = Decimal("0.000001")
TIME_DIRECTIVE = re.compile("%[HIMSfXc]")


def text(given: str, limit: int | None = None) -> str:
    """Return the text as it is, if a column can hold it."""
    if "\0" in given:
        raise ValueError("holds a NUL character")
    if limit is not None and len(given) > limit:
        raise ValueError(f"is longer than {limit} characters")
    return given


def choice(given: str, choices: Container[str], listed: str) -> str:
    """Return one of the allowed values."""
    if given not in choices:
        raise ValueError(f"{given!r} is not one of {listed}")
    return given


def currency(given: str) -> str:
    """Return an ISO 4217 code."""
    if not re.fullmatch("[A-Z]{3}", given):
        raise ValueError(f"{given!r} is not a currency code of three capital letters")
    return given


def email_domain(email: str) -> str:
    """Return what stands after the last @, folded."""
    return email.rpartition("@")[2].casefold() if "@" in email else ""


def number(given: str, decimal: str = ".", thousands: str = "") -> Decimal:
    """Read a number as it is written in a country, such as 1.234,56."""
    if not _number_pattern(decimal, thousands).fullmatch(given):
        raise ValueError(f"{given!r} is not a number")
    plain = "".join(given.split()).replace(thousands, "") if thousands else given
    return Decimal(plain.replace(decimal, "."))


@cache
def _number_pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    """Demand whole groups, so that 1,5 is never read as 15."""
    mark = r"\s" if thousands == " " else re.escape(thousands)
    grouped = rf"[0-9]{{1,3}}({mark}[0-9]{{2,3}})*{mark}[0-9]{{3}}|" if thousands else ""
    return re.compile(
        rf"[+-]?(({grouped}[0-9]+)({re.escape(decimal)}[0-9]*)?|{re.escape(decimal)}[0-9]+)([eE][+-]?[0-9]{{1,2}})?"
    )


def money(given: str, decimal: str = ".", thousands: str = "") -> Decimal:
    """Read an amount, kept to six decimals."""
    amount = number(given, decimal, thousands)
    if abs(amount) >= MONEY_LIMIT:
        raise ValueError(f"{given!r} is out of range")
    return amount.quantize(MICRO)


def whole(given: str, decimal: str = ".", thousands: str = "") -> int:
    """Read a whole number from 0 on; 45.0 is one."""
    value = number(given, decimal, thousands)
    if value % 1 or not 0 <= value <= WHOLE_LIMIT:
        raise ValueError(f"{given!r} is not a whole number from 0 on")
    return int(value)


@lru_cache(maxsize=10_000)
def instant(given: str, zone: tzinfo, formats: tuple[str, ...] = ("iso",)) -> datetime:
    """Read a time in the first format that fits, in `zone` if it names none; a day is its first instant."""
    for pattern in formats:
        moment = _moment(given, zone, pattern)
        if moment is not None:
            return moment
    raise ValueError(f"{given!r} is not a time written as {_listed(formats)}")


def day(given: str, formats: tuple[str, ...] = ("iso",)) -> date:
    """Read a date in the first format that fits; a time of day beside it is passed over."""
    for pattern in formats:
        try:
            if pattern == "iso":
                return datetime.fromisoformat(given).date()
            return datetime.strptime(given, pattern).date()  # noqa: DTZ007
        except ValueError:
            continue
    raise ValueError(f"{given!r} is not a date written as {_listed(formats)}")


def _moment(given: str, zone: tzinfo, pattern: str) -> datetime | None:
    try:
        if pattern == "iso":
            return times.parse_instant(given, zone)
        moment = datetime.strptime(given, pattern)  # noqa: DTZ007
        if moment.tzinfo:
            return moment.astimezone(UTC)
        if TIME_DIRECTIVE.search(pattern):
            return times.localize(moment, zone)
        return times.day_start(moment.date(), zone)
    except (ValueError, OverflowError):
        return None


def _listed(formats: tuple[str, ...]) -> str:
    return " or ".join("ISO 8601" if pattern == "iso" else pattern for pattern in formats)
