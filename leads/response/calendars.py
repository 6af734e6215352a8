"""What a calendar may say, in the shape of a bundle's `workspace.json`."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from typing import Any

from holidays import list_supported_countries

from leads.response.hours import WEEKDAYS
from leads.times import read_zone

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class CalendarError(ValueError):
    """What is wrong with a calendar, and where: `hours.mon[0]`."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path
        self.message = message


def check_calendar(data: dict[str, Any]) -> None:
    """Refuse a calendar that cannot be reckoned with, naming the place."""
    _check_zone(data.get("time_zone"))
    _check_hours(data.get("hours"))
    _check_holidays(data.get("holidays") or [])
    country = data.get("country")
    if country and str(country).upper() not in list(list_supported_countries()):
        raise CalendarError("country", f"no public holidays are known for {country!r}")


def _check_zone(name: Any) -> None:
    try:
        read_zone(name)
    except (ValueError, TypeError) as error:
        raise CalendarError("time_zone", f"{name!r} is not an IANA time zone") from error


def _check_hours(hours: Any) -> None:
    if not isinstance(hours, dict):
        raise CalendarError("hours", "must map weekdays to opening hours")
    for day, spans in hours.items():
        if day not in WEEKDAYS:
            raise CalendarError(f"hours.{day}", "is not one of " + ", ".join(WEEKDAYS))
        _check_day(f"hours.{day}", spans)
    if not any(hours.values()):
        raise CalendarError("hours", "never opens")


def _check_day(path: str, spans: Any) -> None:
    if not isinstance(spans, list):
        raise CalendarError(path, "must be a list of spans")
    for number, span in enumerate(spans):
        _check_span(f"{path}[{number}]", span)
    for (_, closes), (opens, _) in pairwise(sorted(spans)):
        if opens < closes:
            raise CalendarError(path, f"the span from {opens} overlaps the one before it")


def _check_span(path: str, span: Any) -> None:
    if not isinstance(span, list) or len(span) != 2:
        raise CalendarError(path, 'must be an opening and a closing time, ["09:00", "17:30"]')
    for time in span:
        if not isinstance(time, str) or not _CLOCK.fullmatch(time):
            raise CalendarError(path, f"{time!r} is not a time from 00:00 to 24:00")
    opens, closes = span
    if opens == closes:
        raise CalendarError(path, "is empty")
    if opens > closes:
        raise CalendarError(path, "must not cross midnight: split it at 24:00")


def _check_holidays(holidays: Any) -> None:
    if not isinstance(holidays, list):
        raise CalendarError("holidays", "must be a list of dates")
    for number, day in enumerate(holidays):
        try:
            date.fromisoformat(_DATE.fullmatch(day)[0])  # type: ignore[index]
        except (ValueError, TypeError) as error:
            raise CalendarError(f"holidays[{number}]", f"{day!r} is not a date like 2026-05-01") from error
