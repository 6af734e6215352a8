"""Business time: how much of it passed between two instants, and when so much has passed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import accumulate, pairwise

from holidays import country_holidays

from leads.models import BusinessCalendar
from leads.times import day_start, localize, read_zone

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)  # what is due later is due then
_TICK = timedelta(microseconds=1)
_DAY = timedelta(days=1)

Span = tuple[timedelta, timedelta]  # wall-clock times since midnight


class OpeningHours:
    """A calendar compiled for reckoning; years are worked out as they are asked for."""

    def __init__(
        self, zone: tzinfo, week: dict[int, list[Span]], is_holiday: Callable[[date], bool] = lambda _: False
    ) -> None:
        self.zone = zone
        self.week = week
        self.is_holiday = is_holiday
        self._years: dict[int, _Openings] = {}

    @classmethod
    def of(cls, calendar: BusinessCalendar) -> OpeningHours:
        week = {
            WEEKDAYS.index(day): sorted((_wall_clock(opens), _wall_clock(closes)) for opens, closes in spans)
            for day, spans in calendar.hours.items()
        }
        listed = {date.fromisoformat(day) for day in calendar.holidays}
        public = country_holidays(calendar.country.upper()) if calendar.country else ()
        return cls(read_zone(calendar.time_zone), week, lambda day: day in listed or day in public)

    def add(self, start: datetime, duration: timedelta) -> datetime:
        """Return the earliest instant by which so much open time has passed since `start`.

        Where it is closed at `start` the clock starts at the next opening, also for no time at all.
        """
        since, left = _ticks(start), duration // _TICK
        for year in range(start.astimezone(self.zone).year, END_OF_TIME.year):
            openings = self._openings(year)
            at = openings.add(since, left)
            if at is not None:
                return EPOCH + at * _TICK
            left -= openings.total - openings.until(since)
        return END_OF_TIME

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the open time from `start` to `end`; none if they stand the other way round."""
        since, until = _ticks(start), _ticks(end)
        first, last = start.astimezone(self.zone).year, end.astimezone(self.zone).year
        tables = [self._openings(year) for year in range(first, min(last + 1, END_OF_TIME.year))]
        return max(0, sum(table.until(until) - table.until(since) for table in tables)) * _TICK

    def _openings(self, year: int) -> _Openings:
        if year not in self._years:
            self._years[year] = _Openings.of(self._spans(year))
        return self._years[year]

    def _spans(self, year: int) -> Iterator[tuple[int, int]]:
        """Yield the opening and closing instants of a year, in order and apart."""
        days = [
            date(year, 1, 1) + n * _DAY for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days + 1)
        ]
        starts = [_ticks(day_start(day, self.zone)) for day in days]
        closed = starts[0]
        for (day, _), (begins, ends) in zip(pairwise(days), pairwise(starts), strict=True):
            for wall_clock in () if self.is_holiday(day) else self.week.get(day.weekday(), ()):
                opens, closes = (self._instant(day, time, begins, ends) for time in wall_clock)
                opens = max(opens, closed)  # where a gap in the local time pushed two spans together
                if opens < closes:
                    yield opens, closes
                    closed = closes

    def _instant(self, day: date, wall_clock: timedelta, begins: int, ends: int) -> int:
        """Return the instant of a wall-clock time; 00:00 and 24:00 are where the day begins and ends."""
        if not wall_clock:
            return begins
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001
        return ends if wall_clock == _DAY else min(ends, _ticks(localize(midnight + wall_clock, self.zone)))


@dataclass(frozen=True, slots=True)
class _Openings:
    """The spans of one year, in microseconds since the epoch, and the open time up to each closing."""

    opens: list[int]
    closes: list[int]
    passed: list[int]

    @classmethod
    def of(cls, spans: Iterator[tuple[int, int]]) -> _Openings:
        opens, closes = [list(column) for column in zip(*spans, strict=True)] or [[], []]
        lengths = (end - start for start, end in zip(opens, closes, strict=True))
        return cls(opens, closes, list(accumulate(lengths)))

    @property
    def total(self) -> int:
        return self.passed[-1] if self.passed else 0

    def until(self, instant: int) -> int:
        """Return the open time of this year up to an instant."""
        span = bisect_right(self.closes, instant)
        before = self.passed[span - 1] if span else 0
        return before + (max(0, instant - self.opens[span]) if span < len(self.opens) else 0)

    def add(self, start: int, duration: int) -> int | None:
        """Return when so much has passed since `start`, or nothing if not in this year."""
        first = bisect_right(self.closes, start)
        target = self.until(start) + duration
        span = bisect_left(self.passed, target, lo=first)
        return self.closes[span] - (self.passed[span] - target) if span < len(self.passed) else None


def _ticks(instant: datetime) -> int:
    return (instant - EPOCH) // _TICK


def _wall_clock(text: str) -> timedelta:
    hours, minutes = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))
