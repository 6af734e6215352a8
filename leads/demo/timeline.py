"""Eighteen months of days: how busy each is, and when people are at work.

Instants are whole seconds since 1970, local days are numbered; a row costs two list look-ups, not
a datetime. A day is taken to have the offset of its noon, which only the night of a clock change notices.
"""

from calendar import monthrange
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

import holidays

ZONE = ZoneInfo("Europe/Berlin")
MONTHS = 18
MARGIN = 130  # days around the window: visits before the first lead, meetings after the last
DAY = 86_400
GROWTH = 1.034  # a month
BY_MONTH = (1.0, 1.02, 1.05, 1.03, 1.0, 1.0, 0.95, 0.86, 1.03, 1.07, 1.06, 0.88)
BY_WEEKDAY = (1.0, 1.12, 1.1, 1.05, 0.86, 0.2, 0.24)
WORK_HOURS = (1, 1, 1, 1, 1, 3, 10, 26, 62, 96, 112, 106, 84, 92, 104, 98, 84, 62, 36, 28, 26, 22, 12, 4)
FREE_HOURS = (4, 2, 1, 1, 1, 2, 5, 12, 26, 44, 58, 62, 58, 54, 56, 60, 62, 60, 58, 62, 66, 56, 34, 14)
BAD_MONTH = 7  # months ago
CLOCK = [f"T{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}Z" for s in range(DAY)]


def months_before(day: date, months: int) -> date:
    """Return the same day of an earlier month, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


class Timeline:
    def __init__(self, until: datetime, rng: Random) -> None:
        self.end = int(until.timestamp())
        last = until.astimezone(ZONE).date()
        start = months_before(last, MONTHS) + timedelta(days=1)
        base = start - timedelta(days=MARGIN)
        self.first, self.last = MARGIN, MARGIN + (last - start).days
        self.dates = [base + timedelta(days=n) for n in range(self.last + MARGIN + 1)]
        self.midnights = [_midnight(day) for day in self.dates]
        self._free = holidays.country_holidays("DE")
        self.works = [day.weekday() < 5 and day not in self._free for day in self.dates]
        bad = months_before(last.replace(day=1), BAD_MONTH)
        self.bad = [(day.year, day.month) == (bad.year, bad.month) for day in self.dates]
        self.months = [(day.year - start.year) * 12 + day.month - start.month for day in self.dates]
        self._utc_base = self.midnights[0] // DAY
        self._utc_days = [
            (date(1970, 1, 1) + timedelta(days=self._utc_base + n)).isoformat()
            for n in range(len(self.dates) + 2)
        ]
        self._hours = [_spread(hours) for hours in (FREE_HOURS, WORK_HOURS)]
        self.weights = [self._weight(n, rng) for n in range(len(self.dates))]

    def _weight(self, day: int, rng: Random) -> float:
        """Return how many leads the day brings against the others."""
        if not self.first <= day <= self.last:
            return 0.0
        when = self.dates[day]
        weight: float = BY_WEEKDAY[when.weekday()] * BY_MONTH[when.month - 1]
        weight *= GROWTH ** ((day - self.first) / 30.4) * rng.uniform(0.86, 1.14)
        if when.weekday() < 5 and not self.works[day]:
            weight *= 0.3
        if (when.month, when.day) >= (12, 22) or (when.month, when.day) <= (1, 3):
            weight *= 0.4
        return weight * self.share_of_day(day) * (0.94 if self.bad[day] else 1)

    def share_of_day(self, day: int) -> float:
        """Return how much of the day's traffic has come by the end of the window."""
        second = min(max(self.end - self.midnights[day], 0), DAY)
        seconds = self._hours[self.works[day]]
        return sum(1 for at in seconds if at < second) / len(seconds)

    def counts(self, total: int) -> list[int]:
        """Divide a total among the days by their weights; the parts add up to it."""
        ends = [round(total * part) for part in accumulate(_normal(self.weights))]
        return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]

    def moments(self, day: int, count: int, rng: Random) -> list[int]:
        """Return that many instants of the day in order, none after the end."""
        seconds, midnight, spin = self._hours[self.works[day]], self.midnights[day], rng.random
        found: list[int] = []
        while len(found) < count:
            at = midnight + seconds[int(spin() * len(seconds))] + int(spin() * 240)
            if at <= self.end:
                found.append(at)
        return sorted(found)

    def day_of(self, at: int) -> int:
        day = (at - self.midnights[0]) // DAY
        if at < self.midnights[day]:
            return day - 1
        return day + 1 if at >= self.midnights[day] + DAY and at >= self.midnights[day + 1] else day

    def stamp(self, at: int) -> str:
        return self._utc_days[at // DAY - self._utc_base] + CLOCK[at % DAY]

    def is_open(self, at: int, opens: int, closes: int) -> bool:
        """Tell whether someone who works from `opens` to `closes` (seconds of the day) is in."""
        day = self.day_of(at)
        return self.works[day] and opens <= at - self.midnights[day] < closes

    def after(self, at: int, seconds: float, opens: int, closes: int) -> int:
        """Return the instant at which that much working time has passed."""
        day = min(self.day_of(at), len(self.dates) - 1)
        left = int(seconds)
        at = max(at, self.midnights[day] + opens)
        while not self.works[day] or at + left >= self.midnights[day] + closes:
            if self.works[day]:
                left -= max(0, self.midnights[day] + closes - at)
            if day + 1 == len(self.dates):
                return self.end + DAY
            day += 1
            at = self.midnights[day] + opens
        return at + left


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(12), ZONE).timestamp()) - DAY // 2


def _normal(weights: list[float]) -> list[float]:
    total = sum(weights)
    return [weight / total for weight in weights]


def _spread(hours: tuple[int, ...]) -> list[int]:
    """Return seconds of the day, denser in the busier hours."""
    return [
        hour * 3600 + 3600 * n // (share * 2) for hour, share in enumerate(hours) for n in range(share * 2)
    ]
