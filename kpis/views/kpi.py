"""The page of one KPI: its line, how it is calculated, its breakdown and the rows behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from rest_framework.exceptions import ValidationError

from kpis import judged, report
from kpis.catalog import GROUPS, KPIS
from kpis.definitions import DIMENSIONS, Measure
from kpis.kinds import Kpi
from kpis.query import ReportQuery
from kpis.rows import Rows, behind
from kpis.views.cards import ENOUGH, Card, cards
from kpis.views.charts import point_label, trend
from kpis.views.frame import Choice, Frame, names
from kpis.views.search import matching
from leads.filters import LONGEST_SEARCH
from leads.paging import page_of
from leads.templatetags.interface import Number, duration, grouped, money
from leads.views.access import figures_only
from leads.views.rendering import page

SIDES = ("numerator", "denominator")
MOST_ROWS = 100  # of a breakdown on the page; the CSV has them all
SPREAD = {
    "mean_seconds": "Mean",
    "p90_seconds": "Slowest tenth",
    "within_5_minutes_percent": "Within 5 min",
    "older_than_24_hours_percent": "Older than 24 h",
    "share_percent": "Share of all",
    "without_outcome": "No outcome yet",
    "month": "Month",
}


@dataclass(frozen=True)
class Selection:
    """Which rows of a KPI the address asks for."""

    kpi: Kpi
    side: str
    by: str
    row: str
    text: str

    @classmethod
    def read(cls, kpi: Kpi, params: QueryDict) -> Selection:
        side, by = params.get("side", SIDES[0]), params.get("by", "")
        if side not in SIDES:
            raise ValidationError({"side": ["Use numerator or denominator."]})
        if by and by not in DIMENSIONS:
            raise ValidationError({"by": [f"Use one of {', '.join(DIMENSIONS)}."]})
        row, text = params.get("row", ""), params.get("q", "")
        if "\0" in row:
            raise ValidationError({"row": ["Unknown."]})
        if "\0" in text or len(text) > LONGEST_SEARCH:
            raise ValidationError({"q": [f"Search for at most {LONGEST_SEARCH} characters of text."]})
        default = kpi.dimensions[0] if kpi.dimensions else ""
        return cls(
            kpi,
            side if kpi.denominator else SIDES[0],
            by or default,
            row,
            text,
        )

    def narrowed(self, query: ReportQuery) -> ReportQuery:
        """Return the query of the chosen breakdown row: its filter gives the row's figure."""
        if not self.row:
            return query
        return replace(query, filters={**query.filters, self.by: (self.row,)})

    def rows(self, frame: Frame) -> Rows | None:
        """Return the very rows the figure counts; None where there is nothing to open."""
        found = behind(self.narrowed(frame.query), self.kpi.slug, self.side, frame.now)
        return replace(found, queryset=matching(found, self.text)) if found and self.text else found


@require_safe
@figures_only
@vary_on_headers("HX-Target")
def kpi(request: HttpRequest, slug: str) -> HttpResponse:
    if slug not in KPIS:
        raise Http404
    frame, chosen = Frame(request), Selection.read(KPIS[slug], request.GET)
    context = {"section": "dashboard", "frame": frame, "kpi": chosen.kpi, "chosen": chosen} | _rows(
        frame, chosen, request
    )
    if request.headers.get("HX-Target") == "rows":
        return page(request, "kpis/_rows.html", context, frame.workspace)
    return page(request, "kpis/kpi.html", context | _figures(frame, chosen), frame.workspace)


def _figures(frame: Frame, chosen: Selection) -> dict[str, Any]:
    by = chosen.by or None
    query = replace(frame.query, kpis=(chosen.kpi.slug,), by=by, grain=frame.grain)
    card = cards(report.build(query, frame.now))[chosen.kpi.slug]
    reason = frame.reason(chosen.kpi)
    previous = report.series(chosen.kpi, frame.board.previous(), frame.grain, reason)
    chart = trend(card, previous, frame.grain, (frame.label, frame.previous_label))
    return {
        "card": card,
        "facts": facts(card),
        "group": GROUPS[chosen.kpi.group],
        "judged": _judged(frame, chosen.kpi),
        "is_restatable": judged.is_restatable(chosen.kpi, frame.board),
        "neighbours": neighbours(frame, chosen.kpi),
        "chart": chart,
        "points": points(card, previous, frame.grain),
        "by": DIMENSIONS[chosen.by].label if chosen.by else "",
        "switches": switches(frame, chosen),
        "breakdown": breakdown(frame, chosen, card),
        "more_rows": max(len(card.entry.get("breakdown", ())) - MOST_ROWS, 0),
        "breakdown_csv": frame.qs(kpi=chosen.kpi.slug, by=by),
        "steps": card.entry["details"].get("steps", ()),
        "bands": card.entry["details"].get("bands"),
    }


def _judged(frame: Frame, kpi: Kpi) -> list[str]:
    """Return under which versions the KPI was judged, and what no version judged."""
    unversioned = "" if frame.board.restated else judged.unversioned(kpi, frame.board)
    return [*judged.lines([kpi], frame.board), *filter(None, (unversioned,))]


def facts(card: Card) -> list[tuple[str, str]]:
    """Return what else is known of the value: its spread and shares."""
    details = card.entry["details"]
    return [
        (label, fact(name, details[name])) for name, label in SPREAD.items() if details.get(name) is not None
    ]


def fact(name: str, value: Any) -> str:
    if name == "month":
        return point_label(f"{value}-01", "month")
    if name.endswith("_seconds"):
        return duration(value)
    return f"{grouped(value, 1)}%" if name.endswith("_percent") else grouped(value)


def neighbours(frame: Frame, kpi: Kpi) -> tuple[Choice | None, Choice | None]:
    """Return the KPIs before and after in the group."""
    group = [other for other in KPIS.values() if other.group == kpi.group]
    index = group.index(kpi)
    before = group[index - 1] if index else None
    after = group[index + 1] if index + 1 < len(group) else None
    return tuple(other and Choice(other.name, frame.kpi_url(other.slug), False) for other in (before, after))  # type: ignore[return-value]


def points(card: Card, previous: list[dict[str, Any]], grain: str) -> list[dict[str, Any]]:
    """Return the chart as a table."""
    before = [point["value"] for point in previous]
    return [
        {
            "label": point_label(point["start"], grain),
            "value": card.write(point["value"]),
            "previous": card.write(before[index] if index < len(before) else None),
            "numerator": part(card, point["numerator"], card.kpi.numerator),
            "denominator": part(card, point["denominator"], card.kpi.denominator),
        }
        for index, point in enumerate(card.entry["series"])
    ]


def part(card: Card, value: Number | None, measure: Measure | None) -> str:
    """Write a numerator or denominator: counts are whole, else it is in the measure's unit."""
    if value is None or measure is None:
        return "—"
    if isinstance(value, int):
        return grouped(value)
    return duration(value) if card.kpi.unit == "duration" else money(value, card.currency)


def switches(frame: Frame, chosen: Selection) -> list[Choice]:
    return [
        Choice(
            DIMENSIONS[slug].label,
            frame.kpi_url(chosen.kpi.slug, by=slug, side=chosen.side),
            slug == chosen.by,
        )
        for slug in chosen.kpi.dimensions
    ]


def breakdown(frame: Frame, chosen: Selection, card: Card) -> list[dict[str, Any]]:
    """Return the rows of the dimension, each with a bar against the largest."""
    rows = card.entry.get("breakdown", ())[:MOST_ROWS]
    target = card.entry["target"]
    values = [float(row["value"]) for row in rows if row["value"] is not None]
    most = max([*values, float(target or 0)], default=0) or 1
    return [
        {
            "key": row["key"],
            "label": row["label"],
            "value": card.write(row["value"]),
            "few": is_few(row),
            "share": 100 * float(row["value"] or 0) / most,
            "goal": None if target is None else 100 * float(target) / most,
            "numerator": part(card, row["numerator"], chosen.kpi.numerator),
            "denominator": part(card, row["denominator"], chosen.kpi.denominator),
            "chosen": row["key"] == chosen.row,
            "url": frame.kpi_url(chosen.kpi.slug, by=chosen.by, side=chosen.side, row=row["key"]) + "#rows",
        }
        for row in rows
    ]


def is_few(row: Mapping[str, Any]) -> bool:
    below = row["denominator"]
    return isinstance(below, int) and below < ENOUGH


# The rows behind the number


def _rows(frame: Frame, chosen: Selection, request: HttpRequest) -> dict[str, Any]:
    found = chosen.rows(frame)
    here = {"by": chosen.by or None, "row": chosen.row or None, "q": chosen.text or None}
    return {
        "reason": frame.reason(chosen.kpi, *([chosen.by] if chosen.row else [])),
        "rows": found,
        "page": page_of(found.queryset, request.GET) if found else None,
        "count": found.count() if found else 0,
        "tabs": tabs(frame, chosen, here),
        "row_label": names(chosen.by, (chosen.row,))[0] if chosen.row else "",
        "row_dimension": DIMENSIONS[chosen.by].label if chosen.row else "",
        "all_rows_url": frame.kpi_url(chosen.kpi.slug, by=chosen.by or None, side=chosen.side) + "#rows",
        "csv_url": reverse("kpis:rows", args=[chosen.kpi.slug]) + frame.qs(side=chosen.side, **here),
        "hidden": [*frame.pairs, ("side", chosen.side), ("by", chosen.by), ("row", chosen.row)],
    }


def tabs(frame: Frame, chosen: Selection, here: dict[str, str | None]) -> list[Choice]:
    """Return the sides that can be opened; a timing has the same rows on both."""
    kpi = chosen.kpi
    sides = {"numerator": kpi.numerator.label, "denominator": kpi.denominator and kpi.denominator.label}
    if kpi.numerator is kpi.denominator:
        del sides["denominator"]
    return [
        Choice(label, frame.kpi_url(kpi.slug, side=side, **here) + "#rows", side == chosen.side)
        for side, label in sides.items()
        if label
    ]
