"""Reporting periods: whole days in the workspace's time zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from leads.times import day_start, localize

DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)  # the resolution of both databases
GRAINS = ("day", "week", "month", "quarter")


@dataclass(frozen=True)
class Period:
    """The days from `first` to `last`, both included."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def start(self) -> datetime:
        return day_start(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """Return the first instant after the period."""
        return day_start(self.last + DAY, self.zone)

    def previous(self) -> Period:
        """Return as many whole months before whole months, else as many days."""
        if self.first.day == 1 and (self.last + DAY).day == 1:
            months = _month_number(self.last) - _month_number(self.first) + 1
            return Period(_add_months(self.first, -months), self.first - DAY, self.zone)
        return Period(self.first - (self.last - self.first) - DAY, self.first - DAY, self.zone)

    def buckets(self, grain: str) -> Iterator[Bucket]:
        """Yield the calendar's days, weeks, months or quarters that the period touches."""
        start = bucket_start(self.first, grain)
        while start <= self.last:
            following = next_bucket(start, grain)
            days = Period(max(start, self.first), min(following - DAY, self.last), self.zone)
            yield Bucket(start, days)
            start = following


@dataclass(frozen=True)
class Bucket:
    """The days of a period within one calendar day, week, month or quarter."""

    start: date  # of the calendar unit, even before the period
    days: Period


def bucket_start(day: date, grain: str) -> date:
    if grain == "week":
        return day - timedelta(days=day.weekday())
    if grain == "month":
        return day.replace(day=1)
    if grain == "quarter":
        return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
    return day


def next_bucket(start: date, grain: str) -> date:
    if grain == "week":
        return start + timedelta(days=7)
    if grain == "month":
        return _add_months(start, 1)
    if grain == "quarter":
        return _add_months(start, 3)
    return start + DAY


def month_before(day: date) -> Iterator[date]:
    """Yield the first days of ever earlier months, the month of `day` first."""
    month = day.replace(day=1)
    while True:
        yield month
        month = _add_months(month, -1)


def move_days(instant: datetime, days: int, zone: ZoneInfo) -> datetime:
    """Return the same wall-clock time so many days earlier."""
    local = instant.astimezone(zone).replace(tzinfo=None)
    return localize(local - timedelta(days=days), zone)


def _month_number(day: date) -> int:
    return day.year * 12 + day.month - 1


def _add_months(day: date, months: int) -> date:
    number = _month_number(day) + months
    return date(number // 12, number % 12 + 1, 1)
