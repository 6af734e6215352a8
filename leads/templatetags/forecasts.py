"""How forecasts, shares and their differences are written."""

from __future__ import annotations

from django import template

from leads.intervals import Interval
from leads.models import Lead
from leads.prediction.predict import Forecast
from leads.prediction.predict import forecast as forecast_of
from leads.templatetags.interface import NONE, grouped

register = template.Library()


@register.simple_tag
def forecast(lead: Lead) -> Forecast | None:
    """Return the forecast of a lead that was found with its current stage."""
    return forecast_of(lead, getattr(lead, "current_stage", ""))


@register.filter
def share(value: float | None, places: int = 1) -> str:
    """Write a share of 1 in percent."""
    return NONE if value is None else f"{grouped(100 * value, places)}%"


@register.filter
def chance(value: float) -> str:
    """Write a chance in whole percent, at the edges as less or more than it."""
    if value < 0.01:
        return "less than 1%"
    return "more than 99%" if value > 0.99 else f"{grouped(100 * value)}%"


@register.filter
def times(value: float | None) -> str:
    """Write how many times something is."""
    return NONE if value is None else f"{grouped(value, 1)} ×"


@register.filter
def pp(difference: float) -> str:
    """Write a difference of shares in percentage points, with its sign."""
    text = grouped(100 * difference, 1)
    return text if text.startswith("−") or not float(text.replace(",", "")) else f"+{text}"


@register.filter
def area(value: list[float] | Interval | None) -> str:
    """Write an area under the curve with its interval: 0.78 (0.72–0.84)."""
    if not value:
        return NONE
    middle, low, high = value
    return f"{grouped(middle, 2)} ({grouped(low, 2)}–{grouped(high, 2)})"
