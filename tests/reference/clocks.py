"""Section 6: which response policy a lead is under, and when its answer is due."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import holidays

from tests.reference import conditions
from tests.reference.reading import Bundle, Lead, number
from tests.reference.times import DAY, day_of, day_start, instant

MEANINGFUL = ("connected", "replied", "email_sent", "message_sent", "meeting_booked")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass
class Clock:
    policy: str
    due_at: datetime
    answered_at: datetime | None


def first_attempt(lead: Lead, as_of: datetime, outcomes: tuple[str, ...] | None = None) -> datetime | None:
    """Return the first attempt at or after creation: "attempts before creation are ignored by
    timings and the SLA"."""
    moments = [
        attempt.at
        for attempt in lead.attempts
        if lead.created_at <= attempt.at <= as_of and (outcomes is None or attempt.outcome in outcomes)
    ]
    return min(moments, default=None)


def clock(bundle: Bundle, lead: Lead, as_of: datetime) -> Clock | None:
    """ "The first policy whose condition holds at creation applies; it is judged once (at import: as
    of created_at)"."""
    policy = policy_of(bundle, lead)
    if policy is None:
        return None
    stops_on = policy.get("stops_on") or "meaningful"
    answered_at = first_attempt(lead, as_of, MEANINGFUL if stops_on == "meaningful" else None)
    return Clock(policy["slug"], due_at(bundle, policy, lead.created_at), answered_at)


def policy_of(bundle: Bundle, lead: Lead) -> dict[str, Any] | None:
    for policy in bundle.policies:
        if conditions.holds(policy.get("when"), lead, lead.created_at, bundle):
            return policy
    return None


def due_at(bundle: Bundle, policy: dict[str, Any], created_at: datetime) -> datetime:
    """ "The earliest instant at which the target's minutes of open time have passed since creation;
    it may be the instant of closing"."""
    left = minutes(policy["minutes"])
    if (policy.get("clock") or "always") == "always":
        return created_at + left
    for opens, closes in opening_spans(bundle, policy["calendar"], created_at):
        # "Created while closed, the clock starts at the next opening"
        start = max(opens, created_at)
        if start + left <= closes:
            return start + left
        left -= max(closes - start, timedelta(0))
    raise AssertionError("a calendar that never opens is refused")


def minutes(value: Any) -> timedelta:
    return timedelta(microseconds=int(number(value) * 60_000_000))


def opening_spans(bundle: Bundle, slug: str, since: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the open spans in order. "Open time is real elapsed time inside opening hours: DST
    neither loses nor adds a minute": each edge is an instant, what overlaps is open once."""
    calendar = bundle.calendars[slug]
    zone = ZoneInfo(calendar.get("time_zone") or bundle.workspace["time_zone"])
    last = datetime.min.replace(tzinfo=UTC)
    day = day_of(since, zone) - DAY
    for _ in range(366 * 30):
        for opens, closes in sorted(spans_of(calendar, day, zone)):
            if closes > max(last, opens):
                yield max(last, opens), closes
                last = closes
        day += DAY


def spans_of(calendar: dict[str, Any], day: date, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    if is_holiday(calendar, day):
        return []
    spans = (calendar.get("hours") or {}).get(WEEKDAYS[day.weekday()]) or []
    end = day_start(day + DAY, zone)  # a day that clocks skip whole is never open
    edges = [(edge(day, opens, zone), min(edge(day, closes, zone), end)) for opens, closes in spans]
    return [(opens, closes) for opens, closes in edges if opens < closes]


def edge(day: date, clock_time: str, zone: ZoneInfo) -> datetime:
    """Return an opening or closing instant (`24:00` ends the day)."""
    if clock_time == "24:00":
        return day_start(day + DAY, zone)
    return instant(datetime.combine(day, time.fromisoformat(clock_time)), zone)


def is_holiday(calendar: dict[str, Any], day: date) -> bool:
    """ "Public holidays are those of the Python package `holidays`, national level"."""
    if day.isoformat() in (calendar.get("holidays") or []):
        return True
    country = calendar.get("country")
    return bool(country) and day in holidays.country_holidays(country, years=day.year)


def in_time(found: Clock) -> bool:
    """ "Before opening or at the due instant is in time"."""
    return found.answered_at is not None and found.answered_at <= found.due_at


def seconds(span: timedelta) -> Fraction:
    return Fraction(span // timedelta(microseconds=1), 1_000_000)
