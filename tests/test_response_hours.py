"""Business time: opening hours across closings, holidays and clock changes."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.models import BusinessCalendar
from leads.response.hours import END_OF_TIME, WEEKDAYS, OpeningHours
from tests.factories import utc

OFFICE = {day: [["09:00", "12:30"], ["13:30", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
ALWAYS = {day: [["00:00", "24:00"]] for day in WEEKDAYS}


def calendar(zone="Europe/Paris", hours=OFFICE, **fields):
    return OpeningHours.of(BusinessCalendar(time_zone=zone, hours=hours, **fields))


def minutes(number):
    return timedelta(minutes=number)


OPEN = calendar()


@pytest.mark.parametrize(
    ("start", "target", "due"),
    [
        # Monday 2026-03-02, Paris is one hour ahead of UTC.
        ("2026-03-02 08:00", 60, "2026-03-02 09:00"),  # opens at nine
        ("2026-03-02 08:00", 210, "2026-03-02 11:30"),  # to the instant of closing
        ("2026-03-02 08:00", 211, "2026-03-02 12:31"),  # over lunch
        ("2026-03-02 11:30", 1, "2026-03-02 12:31"),  # created at the closing instant
        ("2026-03-02 12:00", 30, "2026-03-02 13:00"),  # created during lunch
        ("2026-03-02 16:30", 60, "2026-03-03 08:30"),  # overnight
        ("2026-03-06 16:59", 2, "2026-03-09 08:01"),  # over the weekend
        ("2026-03-07 10:00", 480, "2026-03-09 17:00"),  # created on Saturday: eight hours, all of Monday
        ("2026-03-02 08:00", 2400, "2026-03-06 17:00"),  # forty hours, the whole week
    ],
)
def test_due_times_count_open_minutes_only(start, target, due):
    assert OPEN.add(utc(start), minutes(target)) == utc(due)
    assert OPEN.between(utc(start), utc(due)) == minutes(target)


def test_seconds_and_fractions_are_exact():
    start = utc("2026-03-02 11:29:59.999999")
    assert OPEN.add(start, timedelta(microseconds=1)) == utc("2026-03-02 11:30")
    assert OPEN.add(start, timedelta(microseconds=2)) == utc("2026-03-02 12:30:00.000001")


def test_no_minutes_are_over_at_once_while_open():
    assert OPEN.add(utc("2026-03-02 10:00"), minutes(0)) == utc("2026-03-02 10:00")


def test_no_minutes_wait_for_the_next_opening_while_closed():
    assert OPEN.add(utc("2026-03-02 12:00"), minutes(0)) == utc("2026-03-02 12:30")
    assert OPEN.add(utc("2026-12-31 20:00"), minutes(0)) == utc("2027-01-01 08:00")


def test_holidays_are_closed_all_day():
    hours = calendar(holidays=["2026-03-03"])
    assert hours.add(utc("2026-03-02 16:30"), minutes(60)) == utc("2026-03-04 08:30")


def test_national_holidays_are_closed():
    hours = calendar(country="FR")  # Labour Day 2026-05-01 is a Friday; Paris is at +02:00
    assert hours.add(utc("2026-04-30 15:59"), minutes(2)) == utc("2026-05-04 07:01")
    # Good Friday is a public holiday in parts of France only.
    assert hours.add(utc("2026-04-03 07:00"), minutes(60)) == utc("2026-04-03 08:00")


def test_opening_hours_lose_no_minute_when_the_clock_goes_forward():
    hours = calendar(hours={"sun": [["01:00", "05:00"]]})
    day = utc("2026-03-28 12:00"), utc("2026-03-29 12:00")
    assert hours.between(*day) == timedelta(hours=3)  # 02:00 to 03:00 did not occur
    assert hours.add(day[0], minutes(120)) == utc("2026-03-29 02:00")  # 04:00 local


def test_opening_hours_gain_no_minute_when_the_clock_goes_back():
    hours = calendar(hours={"sun": [["01:00", "05:00"]]})
    day = utc("2026-10-24 12:00"), utc("2026-10-25 12:00")
    assert hours.between(*day) == timedelta(hours=5)  # 02:00 to 03:00 occurred twice
    assert hours.add(day[0], minutes(180)) == utc("2026-10-25 02:00")  # 03:00 local


def test_a_span_inside_the_skipped_hour_moves_with_it_and_is_counted_once():
    # 02:00 to 03:00 is skipped: the first span ends at 03:30 local, where the second has begun at 03:00.
    hours = calendar(hours={"sun": [["01:00", "02:30"], ["03:00", "04:00"]]})
    assert hours.between(utc("2026-03-29 00:00"), utc("2026-03-29 12:00")) == minutes(120)


def test_half_hour_clock_changes_count_as_half_an_hour():
    hours = calendar("Australia/Lord_Howe", {"sun": [["00:00", "04:00"]]})
    assert hours.between(utc("2026-10-03 10:00"), utc("2026-10-04 10:00")) == minutes(210)
    assert hours.between(utc("2026-04-04 10:00"), utc("2026-04-05 10:00")) == minutes(270)


def test_a_day_without_midnight_opens_when_it_begins():
    hours = calendar("America/Sao_Paulo", {"sun": [["00:00", "24:00"]]})
    assert hours.add(utc("2018-11-03 12:00"), minutes(0)) == utc("2018-11-04 03:00")
    assert hours.between(utc("2018-11-03 12:00"), utc("2018-11-06 12:00")) == timedelta(hours=23)


def test_a_skipped_day_never_opens():
    hours = calendar("Pacific/Apia", {"fri": [["09:00", "17:00"]]})  # there was no Friday 2011-12-30
    assert hours.add(utc("2011-12-28 00:00"), minutes(0)) == utc("2012-01-05 19:00")


def test_days_that_touch_at_midnight_are_one_opening():
    hours = calendar(hours={"mon": [["22:00", "24:00"]], "tue": [["00:00", "02:00"]]})
    assert hours.add(utc("2026-03-02 22:30"), minutes(60)) == utc("2026-03-02 23:30")


def test_a_calendar_that_never_closes_is_the_wall_clock():
    hours = calendar(hours=ALWAYS)
    start = utc("2026-03-28 12:34:56.789")
    assert hours.add(start, timedelta(days=300)) == start + timedelta(days=300)


def test_spans_may_be_listed_in_any_order():
    hours = calendar(hours={"mon": [["13:30", "18:00"], ["09:00", "12:30"]]})
    assert hours.add(utc("2026-03-02 08:00"), minutes(211)) == utc("2026-03-02 12:31")


def test_a_century_is_reckoned():
    hours = calendar(hours={"mon": [["09:00", "10:00"]]})
    # 2026-01-05 is the first Monday; the 5,218th is 36,519 days later, five days short of 2126-01-05.
    assert hours.add(utc("2026-01-01 00:00"), timedelta(hours=5218)) == utc("2125-12-31 09:00")


def test_an_opening_far_away_is_found():
    mondays = [str(date(2026, 3, 2) + timedelta(weeks=n)) for n in range(600)]
    hours = calendar(hours={"mon": [["09:00", "10:00"]]}, holidays=mondays)
    # 2026-03-02 and 600 weeks: 2037-08-31, in summer time.
    assert hours.add(utc("2026-03-01 00:00"), minutes(0)) == utc("2037-08-31 07:00")


def test_what_would_be_due_after_the_end_of_time_is_due_then():
    hours = calendar(hours={"mon": [["09:00", "10:00"]]})
    assert hours.add(utc("9990-01-01 00:00"), timedelta(days=365)) == END_OF_TIME


def test_no_time_passes_backwards():
    assert OPEN.between(utc("2026-03-03 10:00"), utc("2026-03-02 10:00")) == timedelta(0)


SPANS = [
    [],
    [["00:00", "24:00"]],
    [["00:00", "08:00"], ["20:15", "24:00"]],
    [["09:00", "12:30"], ["13:30", "18:00"]],
    [["04:05", "04:06"], ["22:00", "24:00"]],
]
# A local week around a clock change.
WEEKS = {
    "Europe/Paris": ["2026-03-27", "2026-10-23", "2025-12-29"],
    "America/Sao_Paulo": ["2018-11-02", "2018-02-16"],
    "Australia/Lord_Howe": ["2026-10-02", "2026-04-03"],
    "Asia/Kathmandu": ["2026-01-01", "1985-12-30"],
}
MOMENTS = st.tuples(st.integers(0, 5 * 24 * 3600), st.integers(0, 999_999)).map(
    lambda parts: timedelta(seconds=parts[0], microseconds=parts[1])
)


@st.composite
def weeks(draw):
    """A calendar, and an instant near which the clocks change."""
    zone = draw(st.sampled_from(sorted(WEEKS)))
    week = {day: draw(st.sampled_from(SPANS)) for day in WEEKDAYS}
    week["wed"] = [["10:00", "11:00"]]  # it opens some time
    start = datetime.fromisoformat(draw(st.sampled_from(WEEKS[zone]))).replace(tzinfo=UTC)
    holiday = str((start + timedelta(days=draw(st.integers(0, 6)))).date())
    return calendar(zone, week, holidays=[holiday]), start


@given(weeks(), MOMENTS, MOMENTS)
def test_between_undoes_add(week, offset, duration):
    hours, start = week
    due = hours.add(start + offset, duration)
    assert hours.between(start + offset, due) == duration


@given(weeks(), MOMENTS, MOMENTS)
def test_nothing_is_due_before_so_much_time_has_passed(week, offset, duration):
    hours, start = week
    due = hours.add(start + offset, duration)
    assert due >= start + offset + duration
    if duration:
        assert hours.between(start + offset, due - timedelta(microseconds=1)) < duration


@given(weeks(), MOMENTS, MOMENTS, MOMENTS.filter(bool))
def test_two_waits_in_a_row_are_one(week, offset, first, second):
    hours, start = week
    start += offset
    assert hours.add(hours.add(start, first), second) == hours.add(start, first + second)


def is_open(hours, instant):
    """Read the wall clock and look it up."""
    wall = instant.astimezone(hours.zone)
    since_midnight = timedelta(hours=wall.hour, minutes=wall.minute)
    spans = [] if hours.is_holiday(wall.date()) else hours.week.get(wall.weekday(), [])
    return any(opens <= since_midnight < closes for opens, closes in spans)


@given(weeks(), st.integers(0, 2000), st.integers(0, 3000))
def test_open_time_is_the_number_of_minutes_with_open_doors(week, offset, length):
    hours, start = week
    start += minutes(offset)
    counted = sum(is_open(hours, start + minutes(n)) for n in range(length))
    assert hours.between(start, start + minutes(length)) == minutes(counted)
