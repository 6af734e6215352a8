"""How a KPI's value, its change and its trend are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from kpis.rows import Rows
from leads.models import Lead
from leads.templatetags.interface import MINUS, NONE, Number, duration, grouped, money, rounded, when

if TYPE_CHECKING:
    from kpis.views.cards import Card
    from kpis.views.frame import Frame

register = template.Library()


class Figure(NamedTuple):
    """A number as text, and the unit set smaller beside it."""

    text: str
    unit: str = ""

    def __str__(self) -> str:
        return self.text + self.unit


def figure(value: Number | None, unit: str, currency: str, places: int | None = None) -> Figure:
    """Write a KPI's value in its unit; no value is a dash, never 0."""
    if value is None:
        return Figure(NONE)
    if unit == "percent":
        return Figure(grouped(value, share_places(value) if places is None else places), "%")
    return WRITERS.get(unit, _count)(value, currency)


def _count(value: Number, currency: str) -> Figure:
    return Figure(grouped(value))


def _per_thousand(value: Number, currency: str) -> Figure:
    return Figure(grouped(Decimal(str(value)) * 1000, 1), f" per {money(1000, currency)}")


WRITERS: dict[str, Callable[[Number, str], Figure]] = {
    "money": lambda value, currency: Figure(money(value, currency)),
    "per_money": _per_thousand,
    "duration": lambda value, currency: Figure(duration(value)),
    "score": lambda value, currency: Figure(grouped(value, 1)),
    "ratio": lambda value, currency: Figure(grouped(value, 1), " : 1"),
}


def share_places(value: Number, target: Number | None = None) -> int:
    """Return a share's decimals: one; two below 5 % where the target has two; none from 100 % on."""
    if abs(float(value)) >= 100:
        return 0
    precise = target is not None and rounded(target, 1) != rounded(target, 2)
    return 2 if precise and abs(float(value)) < 5 else 1


def change(value: Number, previous: Number, percent: Number | None, unit: str) -> str:
    """Write a change: of a share in points, of anything else in percent."""
    if unit == "percent":
        points = Decimal(str(value)) - Decimal(str(previous))
        return f"{signed(points, 2 if abs(points) < Decimal('0.1') else share_places(points))} pp"
    return NONE if percent is None else f"{signed(percent, share_places(percent))}%"


def signed(value: Number, places: int) -> str:
    """Write a difference with its sign; nothing has none."""
    text = grouped(value, places)
    return text if text.startswith(MINUS) or not rounded(value, places) else f"+{text}"


@register.filter
def percent(value: Number | None) -> str:
    """Write a share."""
    return str(figure(value, "percent", ""))


@register.filter
def share_of(value: Number, whole: Number) -> str:
    """Write a part as a share of the whole."""
    return percent(100 * Decimal(str(value)) / Decimal(str(whole)) if whole else None)


@register.filter
def percent_of(value: Number, whole: Number) -> float:
    return 100 * float(value) / float(whole) if whole else 0


@register.filter
def difference(value: int | None) -> str:
    """Write a difference of counts."""
    return NONE if value is None else signed(value, 0)


@register.filter
def minus(value: int, other: int) -> int:
    return value - other


@register.inclusion_tag("kpis/_charts.html")
def chart_scripts() -> dict[str, str]:
    """Load Chart.js from its CDN, or from here where that fails."""
    return {"cdn": settings.CHART_JS_CDN, "integrity": settings.CHART_JS_INTEGRITY}


@register.simple_tag
def kpi_url(frame: Frame, slug: str) -> str:
    """Return a KPI's page under the same period and filters."""
    return frame.kpi_url(slug)


@register.inclusion_tag("kpis/_card.html")
def kpi_card(card: Card, frame: Frame, rows: int = 1) -> dict[str, Any]:
    """Draw a KPI; it may span several rows of the scorecard."""
    return {
        "card": card,
        "frame": frame,
        "size": rows if rows > 1 else 0,
        "url": frame.kpi_url(card.kpi.slug),
    }


@register.simple_tag
def row_cells(row: Any, rows: Rows) -> SafeString:
    """Draw one record behind a number; leads open their page."""
    cells = (_cell(accessor(row)) for _, accessor in rows.columns)
    return format_html_join("", '<td class="{}">{}</td>', cells)


def _cell(value: Any) -> tuple[str, str | SafeString]:
    if isinstance(value, Lead):
        link = reverse("leads:detail", args=[value.key])
        return "nowrap", format_html('<a class="row-link" href="{}">{}</a>', link, value)
    if isinstance(value, datetime):
        return "nowrap t2", when(value)
    if isinstance(value, bool):
        return "", "Yes" if value else "No"
    if isinstance(value, Decimal):
        return "n", grouped(value, 2)
    if isinstance(value, int | float):
        return "n", grouped(value)
    return "nowrap", str(value) if value not in (None, "") else NONE


@register.simple_tag
def sparkline(
    values: Sequence[Number | None],
    label: str,
    target: Number | None = None,
    width: int = 72,
    height: int = 28,
) -> SafeString:
    """Draw a trend as SVG: crisp, no script, coloured by the stylesheet; gaps are bridged."""
    known = [(i, float(value)) for i, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return SafeString()
    low, high, line = _range([value for _, value in known], None if target is None else float(target))
    step, scale = (width - 6) / (len(values) - 1), (height - 6) / ((high - low) or 1)
    points = [(3 + i * step, height - 3 - (value - low) * scale) for i, value in known]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    (start, _), (end, last) = points[0], points[-1]
    return format_html(
        '<svg class="spark" viewBox="0 0 {0} {1}" width="{0}" height="{1}" preserveAspectRatio="none"'
        ' role="img" aria-label="{2}">'
        '<path class="a" d="{3}L{4} {1}L{5} {1}Z"/>{6}<path class="l" d="{3}"/>'
        '<circle cx="{4}" cy="{7}" r="2"/></svg>',
        width,
        height,
        label,
        path,
        f"{end:.1f}",
        f"{start:.1f}",
        "" if line is None else _target_line(width, height - 3 - (line - low) * scale),
        f"{last:.1f}",
    )


def _range(values: Sequence[float], target: float | None) -> tuple[float, float, float | None]:
    """Return what the trend spans, stretched to a target that is near enough to show."""
    low, high = min(values), max(values)
    room = (high - low) * 0.6
    if target is None or not low - room <= target <= high + room:
        return low, high, None
    return min(low, target), max(high, target), target


def _target_line(width: int, y: float) -> SafeString:
    return format_html('<line class="t" x1="0" x2="{0}" y1="{1}" y2="{1}"/>', width, f"{y:.1f}")
