"""Days, months, instants: when things happen, in which zone."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the UTC instant of a wall-clock time.

    "A local time that occurs twice (DST) is the first; one that does not occur moves forward by the
    gap": both are what fold=0 means.
    """
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def read_instant(text: str, zone: ZoneInfo) -> datetime:
    """Bundle: "Times ISO 8601 with offset (without: workspace time zone)"."""
    at = datetime.fromisoformat(text)
    return at.astimezone(UTC) if at.tzinfo else instant(at, zone)


def read_as_of(text: str, zone: ZoneInfo) -> datetime:
    """ "A bare date means the last instant of that day; a space in it is read as `+`"."""
    text = text.replace(" ", "+")
    if len(text) == len("2026-01-01"):
        return day_start(date.fromisoformat(text) + DAY, zone) - TICK
    return read_instant(text, zone)


@cache
def day_start(day: date, zone: ZoneInfo) -> datetime:
    """ "A day begins at its first instant": where clocks skip midnight, at the jump."""
    first = instant(datetime.combine(day, time()), zone)
    while (first - timedelta(seconds=1)).astimezone(zone).date() >= day:
        first -= timedelta(seconds=1)
    return first


def day_of(at: datetime, zone: ZoneInfo) -> date:
    """Return the day whose span `[first instant, first instant of the next)` holds the instant.

    Where clocks fall back across midnight the wall shows the old date once more: it is the new day.
    """
    day = at.astimezone(zone).date() + DAY
    while day_start(day, zone) > at:
        day -= DAY
    return day


def month_start(day: date) -> date:
    return day.replace(day=1)


def add_months(month: date, count: int) -> date:
    """Return the first day of the month `count` months away."""
    index = month.year * 12 + month.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)


def previous_dates(from_: date, to: date) -> tuple[date, date]:
    """Rule 7: "if P is whole calendar months, the same number of whole months before it; else the
    same number of days, ending the day before `from`"."""
    after = to + DAY
    if from_.day == 1 and after.day == 1:
        months = (after.year - from_.year) * 12 + after.month - from_.month
        return add_months(from_, -months), from_ - DAY
    return from_ - (after - from_), from_ - DAY


def move_back(at: datetime, days: timedelta, zone: ZoneInfo) -> datetime:
    """Rule 7: "moved back by as many days … (same wall-clock time)"."""
    return instant(at.astimezone(zone).replace(tzinfo=None) - days, zone)


def bucket_start(day: date, grain: str) -> date:
    """Rule 10: "`start` is the calendar start of the bucket"."""
    if grain == "week":
        return day - timedelta(days=day.weekday())
    if grain == "month":
        return month_start(day)
    if grain == "quarter":
        return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return day


def buckets(from_: date, to: date, grain: str) -> Iterator[tuple[date, date, date]]:
    """Yield (calendar start, first day, last day): "a bucket covers only the days of P"."""
    days = [from_ + DAY * n for n in range((to - from_).days + 1)]
    for start in sorted({bucket_start(day, grain) for day in days}):
        inside = [day for day in days if bucket_start(day, grain) == start]
        yield start, inside[0], inside[-1]
