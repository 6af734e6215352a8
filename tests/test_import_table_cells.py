"""Numbers and times as people write them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from leads.exchange import cells

PARIS = ZoneInfo("Europe/Paris")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")


@pytest.mark.parametrize(
    ("given", "decimal", "thousands", "value"),
    [
        ("1234.5", ".", "", "1234.5"),
        ("50,000,000", ".", ",", "50000000"),
        ("50000000.0", ".", ",", "50000000"),
        ("12,34,567.8", ".", ",", "1234567.8"),
        ("1.234,56", ",", ".", "1234.56"),
        ("1 234,56", ",", " ", "1234.56"),
        ("1\u00a0234,56", ",", " ", "1234.56"),
        ("1\u202f234", ",", " ", "1234"),
        ("1'234.5", ".", "'", "1234.5"),
        ("-0.5", ".", ",", "-0.5"),
        (".5", ".", "", "0.5"),
        ("5e7", ".", "", "50000000"),
    ],
)
def test_numbers_are_read_as_their_country_writes_them(given, decimal, thousands, value):
    assert cells.number(given, decimal, thousands) == Decimal(value)


@pytest.mark.parametrize(
    ("given", "decimal", "thousands"),
    [
        ("1,5", ".", ","),  # a decimal comma, not fifteen
        ("1.5", ",", "."),
        ("1,2345", ".", ","),
        ("1,234", ".", ""),
        ("1 234", ".", ""),
        ("NaN", ".", ""),
        ("inf", ".", ""),
        ("1_000", ".", ""),
        ("٣", ".", ""),
        ("5e700", ".", ""),
        ("--", ".", ","),
        ("", ".", ","),
    ],
)
def test_what_is_not_a_number_is_refused(given, decimal, thousands):
    with pytest.raises(ValueError, match="is not a number"):
        cells.number(given, decimal, thousands)


def test_money_is_kept_to_six_decimals_and_has_a_limit():
    assert cells.money("0.30000000000000004") == Decimal("0.300000")
    with pytest.raises(ValueError, match="out of range"):
        cells.money("1000000000000")


def test_whole_numbers_may_be_written_as_decimals():
    assert (cells.whole("45"), cells.whole("45.0"), cells.whole("0")) == (45, 45, 0)
    for given in ("45.5", "-1", "2147483648"):
        with pytest.raises(ValueError, match="is not a whole number"):
            cells.whole(given)


def test_times_are_read_in_the_first_format_that_fits():
    formats = ("%Y-%m-%d", "%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M %p")
    assert cells.instant("2026-01-31", UTC, formats) == datetime(2026, 1, 31, tzinfo=UTC)
    assert cells.instant("03/02/2026 08:14", PARIS, formats) == datetime(2026, 2, 3, 7, 14, tzinfo=UTC)
    assert cells.instant("3/15/2026 2:30 PM", UTC, formats) == datetime(2026, 3, 15, 14, 30, tzinfo=UTC)
    with pytest.raises(ValueError, match=r"'31.01.2026' is not a time written as %Y-%m-%d or %d/"):
        cells.instant("31.01.2026", UTC, formats)


def test_an_offset_in_the_text_beats_the_time_zone():
    assert cells.instant("2026-01-31T09:00:00+01:00", SAO_PAULO) == datetime(2026, 1, 31, 8, tzinfo=UTC)
    assert cells.instant("2026-01-31 09:00 +0100", SAO_PAULO, ("%Y-%m-%d %H:%M %z",)) == datetime(
        2026, 1, 31, 8, tzinfo=UTC
    )


def test_a_day_begins_at_its_first_instant_even_where_midnight_is_skipped():
    first = datetime(2017, 10, 15, 3, tzinfo=UTC)  # 01:00, as clocks went from 00:00 to 01:00
    assert cells.instant("2017-10-15", SAO_PAULO) == first
    assert cells.instant("15.10.2017", SAO_PAULO, ("%d.%m.%Y",)) == first


def test_a_time_that_occurs_twice_is_the_first():
    assert cells.instant("2026-10-25 02:30", PARIS) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert cells.instant("25/10/2026 02:30", PARIS, ("%d/%m/%Y %H:%M",)) == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


def test_an_impossible_time_is_refused():
    for given in ("2026-02-30", "9999-12-31T23:59", "yesterday", ""):
        with pytest.raises(ValueError, match="is not a time"):
            cells.instant(given, ZoneInfo("America/New_York"))


def test_a_date_passes_over_the_time_of_day():
    assert cells.day("2026-01-31") == cells.day("2026-01-31 23:59") == date(2026, 1, 31)
    assert cells.day("September 1, 2026", ("iso", "%B %d, %Y")) == date(2026, 9, 1)
    with pytest.raises(ValueError, match="is not a date written as ISO 8601"):
        cells.day("31.01.2026")


def test_currencies_are_codes():
    assert cells.currency("EUR") == "EUR"
    with pytest.raises(ValueError, match="'€' is not a currency code"):
        cells.currency("€")


def test_text_must_fit():
    assert cells.text("Ünï", 3) == "Ünï"
    with pytest.raises(ValueError, match="longer than 3 characters"):
        cells.text("four", 3)
    with pytest.raises(ValueError, match="NUL"):
        cells.text("a\0b")
