"""Response times in the words of an agreement: how fast, by whose clock, and what counts as an answer."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.utils import formats
from holidays import country_holidays

from leads.definitions.words import listed, number
from leads.models import BusinessCalendar, SlaPolicy
from leads.response.hours import WEEKDAYS

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ANSWERS = {
    SlaPolicy.StopsOn.MEANINGFUL: (
        "an attempt that reached the lead or left a message it can answer: connected, replied, e-mail sent, "
        "message sent or meeting booked"
    ),
    SlaPolicy.StopsOn.ANY: "any attempt of a person to reach the lead",
}


def minutes_words(minutes: Decimal) -> str:
    """Write a length of time: "5 minutes", "1 hour 30 minutes"."""
    left, seconds = divmod(round(minutes * 60), 60)
    hours, whole = divmod(left, 60)
    parts = [(hours, "hour"), (whole, "minute"), (seconds, "second")]
    said = [f"{number(count)} {unit}{'' if count == 1 else 's'}" for count, unit in parts if count]
    return " ".join(said) or "0 minutes"


def target_words(policy: SlaPolicy) -> str:
    """Return by when a lead must be answered."""
    within = f"within {minutes_words(policy.minutes)}" if policy.minutes else "at once"
    if policy.clock == SlaPolicy.Clock.BUSINESS_HOURS:
        return f"{within} of business hours ({policy.calendar})"
    return f"{within}, around the clock"


def warning_words(policy: SlaPolicy) -> str:
    share = number(float(100 * policy.warn_at))
    return f"after {minutes_words(policy.minutes * policy.warn_at)} ({share}% of the time)"


def escalation_words(policy: SlaPolicy) -> str:
    if policy.escalate_after_minutes is None:
        return "not agreed"
    return f"{minutes_words(policy.escalate_after_minutes)} after it is late"


def hours_words(calendar: BusinessCalendar) -> list[str]:
    """Return the opening hours, days of the same hours together: "Monday to Thursday 09:00–17:30"."""
    days = [(name, _spans(calendar.hours.get(day))) for day, name in zip(WEEKDAYS, DAYS, strict=True)]
    runs = [(spans, [name for name, _ in run]) for spans, run in groupby(days, key=lambda day: day[1])]
    return [f"{_run(names)}: {spans or 'closed'}" for spans, names in runs]


def _spans(spans: Any) -> str:
    return listed(f"{opens}–{closes}" for opens, closes in sorted(spans or []))


def _run(names: list[str]) -> str:
    return f"{names[0]} to {names[-1]}" if len(names) > 2 else listed(names)


def holidays_words(calendar: BusinessCalendar) -> str:
    """Return on which days the calendar is closed besides."""
    public = [f"the public holidays of {_country(calendar.country)}"] if calendar.country else []
    own = [_day(day) for day in sorted(calendar.holidays)]
    return listed([*public, *own]) or "no holidays"


def _country(code: str) -> str:
    """Return a country's name as its holidays are kept under: DE is a subclass of Germany."""
    name = type(country_holidays(code.upper())).__mro__[1].__name__
    return "".join(f" {letter}" if letter.isupper() else letter for letter in name).strip()


def _day(text: str) -> str:
    return str(formats.date_format(date.fromisoformat(text), "j F Y"))
