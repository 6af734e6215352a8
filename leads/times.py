"""Local time made exact: what an hour or a day of a time zone is as an instant."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

EARLIEST, LATEST = date(1900, 1, 1), date(2999, 12, 31)  # what reports and pages may be asked about
_DATE_THEN_TIME = re.compile(r"[-\dW]{7,10}([Tt ].+)?", re.ASCII)


@cache
def _zone_names() -> set[str]:
    return available_timezones()


def read_zone(name: str) -> ZoneInfo:
    """Return the IANA time zone of this name."""
    if name not in _zone_names():
        raise ValueError(f"{name!r} is not an IANA time zone")
    return ZoneInfo(name)


def localize(naive: datetime, zone: tzinfo) -> datetime:
    """Return the instant of a local time: the first of two; one that is skipped moves on by the gap."""
    return naive.replace(tzinfo=zone, fold=0).astimezone(UTC)


def day_start(day: date, zone: tzinfo) -> datetime:
    """Return the first instant of a day, or of the next one where the day itself was skipped."""
    midnight = datetime.combine(day, time.min, zone)
    start = midnight.astimezone(UTC)
    if start.astimezone(zone).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return start
    return _clock_change(midnight.replace(fold=1).astimezone(UTC), start, zone)


def _clock_change(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """Return the first instant that has the offset of `after`; clocks change on whole seconds."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after


def parse_instant(text: str, zone: tzinfo) -> datetime:
    """Read an ISO 8601 time, in `zone` if it names no offset; a bare date is its first instant."""
    if not _DATE_THEN_TIME.fullmatch(text):
        raise ValueError(f"{text!r} is not an ISO 8601 time")
    try:
        moment = datetime.fromisoformat(text.upper())  # which knows no lower-case z
    except ValueError as error:
        raise ValueError(f"{text!r} is not an ISO 8601 time") from error
    if not 1 < moment.year < 9999:  # so that every zone has a local time for it
        raise ValueError(f"{text!r} is out of range")
    if moment.tzinfo:
        return moment.astimezone(UTC)
    is_date = not re.search("[Tt ]", text)
    return day_start(moment.date(), zone) if is_date else localize(moment, zone)


def parse_as_of(text: str, zone: ZoneInfo) -> datetime:
    """Return the instant; a bare date is its last one, a space stands for a `+` lost in a URL."""
    text = text.strip().replace(" ", "+")
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return day_start(date.fromisoformat(text) + timedelta(days=1), zone) - timedelta(microseconds=1)
    instant = parse_instant(text, zone)
    if not EARLIEST.year <= instant.year <= LATEST.year:
        raise ValueError(text)
    return instant
