"""Calendars that cannot be reckoned with are refused, by place."""

import pytest

from leads.response import CalendarError, check_calendar


def calendar(**fields):
    return {"slug": "office", "time_zone": "Europe/Paris", "hours": {"mon": [["09:00", "17:00"]]}, **fields}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"holidays": ["2026-05-01"], "country": "FR"},
        {"holidays": None, "country": None},
        {"country": ""},
        {"hours": {"mon": [["13:30", "18:00"], ["09:00", "13:30"]], "tue": []}},
        {"hours": {"sun": [["00:00", "24:00"]]}},
    ],
)
def test_a_sound_calendar_passes(fields):
    check_calendar(calendar(**fields))


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ({"time_zone": "Europe/Lutetia"}, "time_zone", "is not an IANA time zone"),
        ({"time_zone": None}, "time_zone", "is not an IANA time zone"),
        ({"time_zone": []}, "time_zone", "is not an IANA time zone"),
        ({"hours": None}, "hours", "must map weekdays"),
        ({"hours": {}}, "hours", "never opens"),
        ({"hours": {"mon": [], "tue": []}}, "hours", "never opens"),
        ({"hours": {"monday": []}}, "hours.monday", "is not one of mon, tue"),
        ({"hours": {"mon": "09:00-17:00"}}, "hours.mon", "must be a list of spans"),
        ({"hours": {"mon": ["09:00", "17:00"]}}, "hours.mon[0]", "must be an opening and a closing time"),
        ({"hours": {"mon": [["09:00"]]}}, "hours.mon[0]", "must be an opening and a closing time"),
        ({"hours": {"mon": [["9:00", "17:00"]]}}, "hours.mon[0]", "'9:00' is not a time"),
        ({"hours": {"mon": [["09:00", "24:30"]]}}, "hours.mon[0]", "'24:30' is not a time"),
        ({"hours": {"mon": [["09:60", "17:00"]]}}, "hours.mon[0]", "'09:60' is not a time"),
        ({"hours": {"mon": [[9, 17]]}}, "hours.mon[0]", "9 is not a time"),
        ({"hours": {"mon": [["09:00", "10:00"], ["11:00", "11:00"]]}}, "hours.mon[1]", "is empty"),
        ({"hours": {"mon": [["24:00", "24:00"]]}}, "hours.mon[0]", "is empty"),
        ({"hours": {"mon": [["22:00", "02:00"]]}}, "hours.mon[0]", "must not cross midnight"),
        ({"hours": {"mon": [["22:00", "00:00"]]}}, "hours.mon[0]", "must not cross midnight"),
        ({"hours": {"mon": [["13:00", "18:00"], ["09:00", "13:01"]]}}, "hours.mon", "from 13:00 overlaps"),
        ({"hours": {"mon": [["09:00", "18:00"], ["10:00", "11:00"]]}}, "hours.mon", "from 10:00 overlaps"),
        ({"holidays": "2026-05-01"}, "holidays", "must be a list of dates"),
        ({"holidays": ["2026-05-01", "2026-02-30"]}, "holidays[1]", "'2026-02-30' is not a date"),
        ({"holidays": ["20260501"]}, "holidays[0]", "'20260501' is not a date"),
        ({"holidays": [20260501]}, "holidays[0]", "20260501 is not a date"),
        ({"country": "Atlantis"}, "country", "no public holidays are known"),
        ({"country": 33}, "country", "no public holidays are known"),
        ({"country": ["FR"]}, "country", "no public holidays are known"),
    ],
)
def test_an_unsound_calendar_is_refused(fields, path, message):
    with pytest.raises(CalendarError, match=message) as refusal:
        check_calendar(calendar(**fields))
    assert refusal.value.path == path
