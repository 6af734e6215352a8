"""How numbers are written."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from kpis.templatetags.figures import change, figure, share_places, sparkline
from leads.templatetags.interface import duration, grouped, money, when


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Decimal("38.4"), "€38.40"),
        (Decimal("0"), "€0.00"),
        (Decimal("999.994"), "€999.99"),
        (Decimal("999.996"), "€1,000"),
        (Decimal("49310.2"), "€49,310"),
        (Decimal("-12.5"), "−€12.50"),
        (None, "—"),
    ],
)
def test_money_has_cents_below_a_thousand(amount, text):
    assert money(amount, "EUR") == text


def test_money_in_a_currency_without_a_sign_has_its_code():
    assert money(Decimal(5), "SEK") == "SEK 5.00"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (59.4, "59s"),
        (59.6, "1m 00s"),
        (112, "1m 52s"),
        (460, "7m 40s"),
        (7560, "2h 06m"),
        (timedelta(hours=47), "47h 00m"),
        (timedelta(days=3, hours=4), "3d 04h"),
        (-1440, "−24m 00s"),
        (None, "—"),
    ],
)
def test_a_duration_reads_as_people_say_it(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "places", "text"), [(48210, 0, "48,210"), (-1.25, 1, "−1.3"), (-0.04, 1, "0.0"), (None, 0, "—")]
)
def test_a_number_has_separators_and_a_true_minus(value, places, text):
    assert grouped(value, places) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1284, "count", "1,284"),
        (Decimal("38.64"), "percent", "38.6%"),
        (Decimal("213.7"), "percent", "214%"),
        (Decimal("0.028"), "per_money", "28.0 per €1,000"),
        (460.0, "duration", "7m 40s"),
        (Decimal("51.75"), "score", "51.8"),
        (Decimal("3.14"), "ratio", "3.1 : 1"),
        (None, "percent", "—"),
        (0, "percent", "0.0%"),
    ],
)
def test_a_value_is_written_in_its_unit(value, unit, text):
    assert str(figure(value, unit, "EUR")) == text


def test_a_small_share_has_two_decimals_where_its_target_has():
    assert share_places(Decimal("2.66"), Decimal("3.25")) == 2
    assert share_places(Decimal("2.66"), Decimal("3.0000")) == 1
    assert share_places(Decimal("12.66"), Decimal("3.25")) == 1


@pytest.mark.parametrize(
    ("value", "previous", "percent", "unit", "text"),
    [
        (Decimal(40), Decimal("37.7"), Decimal("6.1"), "percent", "+2.3 pp"),
        (Decimal("2.66"), Decimal("2.6"), Decimal("2.3"), "percent", "+0.06 pp"),
        (Decimal(20), Decimal("22.2"), Decimal("-9.9"), "percent", "−2.2 pp"),
        (110, 100, Decimal(10), "count", "+10.0%"),
        (90, 100, Decimal(-10), "count", "−10.0%"),
        (350, 100, Decimal(250), "count", "+250%"),
        (100, 100, Decimal(0), "count", "0.0%"),
        (100, 0, None, "count", "—"),
    ],
)
def test_shares_change_in_points_and_the_rest_in_percent(value, previous, percent, unit, text):
    assert change(value, previous, percent, unit) == text


@time_machine.travel(datetime(2026, 11, 22, 9, 0, tzinfo=UTC), tick=False)
@pytest.mark.parametrize(
    ("at", "text"),
    [
        ("2026-11-22 08:34", "Today 09:34"),
        ("2026-11-20 23:30", "Yesterday 00:30"),
        ("2026-11-17 09:22", "17 Nov 10:22"),
        ("2025-11-17 09:22", "17 Nov 2025"),
    ],
)
def test_a_time_is_relative_for_two_days_in_the_workspace_zone(at, text):
    with timezone.override(ZoneInfo("Europe/Paris")):
        assert text in when(datetime.fromisoformat(at).replace(tzinfo=UTC))


def test_a_trend_of_one_point_draws_nothing():
    assert sparkline([None, 3, None], "Leads") == ""


def test_a_trend_bridges_gaps_and_shows_a_target_that_is_near():
    drawn = sparkline([1, None, 3], "Leads", 3)
    assert 'd="M3.0 25.0L69.0 3.0"' in drawn
    assert '<line class="t" x1="0" x2="72" y1="3.0" y2="3.0"/>' in drawn
    assert '<line class="t"' not in sparkline([1, None, 3], "Leads", 30)
