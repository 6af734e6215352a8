"""Response clocks: opening hours, which policy applies, and by when it asks for an answer."""

from leads.response.calendars import CalendarError, check_calendar
from leads.response.clocks import judge, rejudge
from leads.response.hours import OpeningHours

__all__ = ["CalendarError", "OpeningHours", "check_calendar", "judge", "rejudge"]
