"""Local times as instants: doubled and skipped hours, midnights and days."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.times import day_start, localize, parse_instant, read_zone

PARIS = ZoneInfo("Europe/Paris")
ZONES = ["Europe/Paris", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_local_time_is_read_in_its_zone():
    assert localize(local("2026-07-01T09:00"), PARIS) == utc(2026, 7, 1, 7)


def test_a_local_time_that_occurs_twice_is_the_first():
    assert localize(local("2026-10-25T02:30"), PARIS) == utc(2026, 10, 25, 0, 30)
    assert localize(local("2026-10-25T02:30").replace(fold=1), PARIS) == utc(2026, 10, 25, 0, 30)


def test_a_local_time_that_is_skipped_moves_forward_by_the_gap():
    assert localize(local("2026-03-29T02:30"), PARIS) == utc(2026, 3, 29, 1, 30)  # 03:30 local


def test_a_half_hour_gap_moves_forward_by_half_an_hour():
    # Lord Howe: 02:00 +10:30 becomes 02:30 +11:00 on 2026-10-04.
    assert localize(local("2026-10-04T02:10"), ZoneInfo("Australia/Lord_Howe")) == utc(2026, 10, 3, 15, 40)


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        ("UTC", date(2026, 1, 1), utc(2026, 1, 1)),
        ("Asia/Kathmandu", date(2026, 1, 1), utc(2025, 12, 31, 18, 15)),
        ("Europe/Paris", date(2026, 3, 29), utc(2026, 3, 28, 23)),
        ("Europe/Paris", date(2026, 3, 30), utc(2026, 3, 29, 22)),
    ],
)
def test_a_day_begins_at_midnight(zone, day, expected):
    assert day_start(day, ZoneInfo(zone)) == expected


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        ("America/Sao_Paulo", date(2018, 11, 4), utc(2018, 11, 4, 3)),
        ("Africa/Cairo", date(2023, 4, 28), utc(2023, 4, 27, 22)),
    ],
)
def test_a_day_without_a_midnight_begins_when_the_clock_was_put_forward(zone, day, expected):
    assert day_start(day, ZoneInfo(zone)) == expected
    assert expected.astimezone(ZoneInfo(zone)).hour == 1


def test_a_day_with_two_midnights_begins_at_the_first():
    # Havana falls back at 01:00 to 00:00.
    assert day_start(date(2025, 11, 2), ZoneInfo("America/Havana")) == utc(2025, 11, 2, 4)


def test_a_day_that_is_left_again_for_the_day_before_begins_at_its_first_instant():
    # St John's fell back at 00:01 -02:30 to 23:01 -03:30 of the day before.
    assert day_start(date(2010, 11, 7), ZoneInfo("America/St_Johns")) == utc(2010, 11, 7, 2, 30)


def test_a_day_whose_midnight_lies_inside_a_gap_begins_at_the_clock_change():
    # Toronto in 1919: 23:30 -05:00 became 00:30 -04:00.
    assert day_start(date(1919, 3, 31), ZoneInfo("America/Toronto")) == utc(1919, 3, 31, 4, 30)


def test_a_day_that_was_skipped_begins_with_the_next():
    apia = ZoneInfo("Pacific/Apia")
    assert day_start(date(2011, 12, 30), apia) == utc(2011, 12, 30, 10)
    assert day_start(date(2011, 12, 31), apia) == utc(2011, 12, 30, 10)
    assert day_start(date(2011, 12, 29), apia) == utc(2011, 12, 29, 10)


@given(st.sampled_from(ZONES), st.dates(date(1990, 1, 1), date(2040, 1, 1)))
def test_a_day_never_begins_in_another_day(name, day):
    zone = ZoneInfo(name)
    start = day_start(day, zone)
    assert (start - timedelta(microseconds=1)).astimezone(zone).date() < day
    assert start.astimezone(zone).date() >= day


def test_a_time_with_an_offset_is_exact():
    assert parse_instant("2026-01-01T10:00:00+02:00", PARIS) == utc(2026, 1, 1, 8)
    assert parse_instant("2026-01-01T10:00:00Z", PARIS) == utc(2026, 1, 1, 10)


def test_a_time_without_an_offset_is_workspace_time():
    assert parse_instant("2026-01-01T10:00", PARIS) == utc(2026, 1, 1, 9)
    assert parse_instant("2026-01-01 10:00:00.25", PARIS) == utc(2026, 1, 1, 9, 0, 0, 250_000)
    assert parse_instant("2026-03-29T02:30:00", PARIS) == utc(2026, 3, 29, 1, 30)


def test_a_bare_date_is_its_first_instant():
    assert parse_instant("2018-11-04", ZoneInfo("America/Sao_Paulo")) == utc(2018, 11, 4, 3)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2026-13-01",
        "2026-02-30T10:00:00Z",
        "2026-01-01x10:00",
        "01/02/2026",
        " 2026-01-01",
        "2026-01-01T10:00:00Zed",
        "2026-01-01T25:00:00",
        "٢٠٢٦-01-01",
    ],
)
def test_what_is_not_a_time_is_refused(text):
    with pytest.raises(ValueError, match="is not an ISO 8601 time"):
        parse_instant(text, PARIS)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "9999-12-31"])
def test_a_time_that_some_zone_cannot_name_is_refused(text):
    with pytest.raises(ValueError, match="is out of range"):
        parse_instant(text, PARIS)


@pytest.mark.parametrize("name", ["", "Paris", "../etc/passwd", "europe/paris", "UTC+2"])
def test_an_unknown_zone_is_refused(name):
    with pytest.raises(ValueError, match="is not an IANA time zone"):
        read_zone(name)


def test_a_zone_is_known_by_its_name():
    assert read_zone("Europe/Paris") == PARIS
