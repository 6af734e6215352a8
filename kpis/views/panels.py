"""The dashboard's panels: each has its own address, loads by itself and can fail alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from math import sqrt
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from rest_framework.exceptions import ValidationError

from kpis import distribution, report
from kpis.catalog import KPIS
from kpis.definitions import DIMENSIONS
from kpis.periods import next_bucket
from kpis.printing import plain
from kpis.query import ReportQuery
from kpis.templatetags.figures import change, figure
from kpis.views.cards import CLOSE, ENOUGH, Card, Delta, cards, misses
from kpis.views.charts import colours, money_unit, point_label
from kpis.views.frame import Choice, Frame, waiting
from leads.views.access import figures_only
from leads.views.rendering import page

Build = Callable[[Frame, HttpRequest], dict[str, Any]]
MOST_ROWS = 25  # of the channel table; the CSV has them all
SWITCHES = ("channel", "campaign", "landing_page", "owner")
COLUMNS = ("cost_per_lead", "cost_per_qualified_lead", "customer_acquisition_cost", "lead_source_roi")
NAMES = {"mql": "MQLs", "sal": "SALs", "sql": "SQLs", "opportunity": "Opportunities", "customer": "Customers"}
BEHIND = {
    "lead": ("lead_volume", "numerator"),
    "mql": ("mql_to_lead_ratio", "numerator"),
    "sal": ("lead_conversion_rate", "denominator"),
    "sql": ("mql_to_sql_ratio", "numerator"),
    "opportunity": ("cost_per_opportunity", "denominator"),
    "customer": ("customer_acquisition_cost", "denominator"),
}


@dataclass(frozen=True)
class Panel:
    """A part of the dashboard."""

    slug: str
    title: str
    width: str
    build: Build

    @property
    def template(self) -> str:
        return f"kpis/panels/{self.slug}.html"


@require_safe
@figures_only
@vary_on_headers("HX-Request")
def panel(request: HttpRequest, name: str) -> HttpResponse:
    """Render one panel: alone for htmx, within a page without."""
    if name not in PANELS:
        raise Http404
    frame, chosen = Frame(request), PANELS[name]
    context = {"section": "dashboard", "frame": frame, "panel": chosen} | chosen.build(frame, request)
    whole = "kpis/panel_page.html"
    return page(
        request, chosen.template if request.headers.get("HX-Request") else whole, context, frame.workspace
    )


def _cards(query: ReportQuery, *slugs: str, **more: Any) -> dict[str, Card]:
    return cards(report.build(replace(query, kpis=slugs, **more)))


# Funnel


@dataclass(frozen=True)
class Step:
    """A stage of the funnel: how many came so far, and which share of the stage before."""

    name: str
    count: int
    share: Any
    delta: str
    url: str


def funnel(frame: Frame, request: HttpRequest) -> dict[str, Any]:
    found = _cards(frame.query, "visitor_conversion_rate", "lead_conversion_rate")
    steps = _steps(frame, found["lead_conversion_rate"])
    visits = found["visitor_conversion_rate"].entry
    if visits["denominator"]:
        leads = replace(steps[0], share=visits["value"], delta=_points(visits["value"], visits["previous"]))
        url = frame.kpi_url("visitor_conversion_rate", side="denominator") + "#rows"
        steps = [Step("Visitors", visits["denominator"], None, "", url), leads, *steps[1:]]
    return {"steps": steps, "shape": _shape([step.count for step in steps], bool(visits["denominator"]))}


def _steps(frame: Frame, card: Card) -> list[Step]:
    """Return the stages from lead on, each by the leads that came to it in the period."""
    steps: list[dict[str, Any]] = card.entry["details"]["steps"]
    earlier = card.kpi.figures(frame.board.previous())[()].details["steps"]
    counts = [step["denominator"] for step in steps[1:]] + [steps[-1]["numerator"]]
    found = [Step("Leads", steps[0]["denominator"], None, "", frame.kpi_url("lead_volume") + "#rows")]
    for step, before, count in zip(steps, earlier, counts, strict=True):
        slug, side = BEHIND[step["to"]]
        url = frame.kpi_url(slug, side=side) + "#rows"
        delta = _points(step["value"], before["value"])
        found.append(Step(NAMES[step["to"]], count, step["value"], delta, url))
    return found


def _points(value: Any, previous: Any) -> str:
    return "" if value is None or previous is None else change(value, previous, None, "percent")


def _shape(counts: list[int], with_visitors: bool) -> dict[str, Any]:
    """Return the funnel's bars: linear from leads on; visitors broken off where they dwarf them."""
    base = counts[1] if with_visitors and len(counts) > 1 else max(counts, default=0)
    tallest, broken = 116.0, with_visitors and len(counts) > 1 and counts[0] > counts[1] * 1.26
    unit = (92.0 if broken else tallest) / (base if broken else max(*counts, 1)) if counts else 0
    heights = [min(count * unit, tallest) if unit else 0 for count in counts]
    bars = [
        {"x": i * 100, "y": f"{tallest - height:.1f}", "height": f"{max(height, 1):.1f}"}
        for i, height in enumerate(heights)
    ]
    links = [
        f"M{i * 100 + 56} 116V{tallest - here:.1f}L{i * 100 + 100} {tallest - there:.1f}V116Z"
        for i, (here, there) in enumerate(pairwise(heights))
    ]
    return {"bars": bars, "links": links, "broken": broken, "width": len(counts) * 100}


# Open clocks


def clocks(frame: Frame, request: HttpRequest) -> dict[str, Any]:
    """Return the period's leads whose clock runs out next or ran out last."""
    soon = frame.as_of + timedelta(minutes=15)
    leads = waiting(frame)
    return {
        "late": leads.filter(response_due_at__lt=frame.as_of).count(),
        "soon": leads.filter(response_due_at__range=(frame.as_of, soon)).count(),
        "leads": leads.filter(response_due_at__lt=soon)
        .select_related("owner")
        .order_by("-response_due_at")[:5],
        "now": frame.as_of,
        "late_url": frame.late_url(),
    }


# Response time


def response(frame: Frame, request: HttpRequest) -> dict[str, Any]:
    card = _cards(frame.query, "first_contact_time")["first_contact_time"]
    times = distribution.response_times(frame.query)
    answered = sum(count for _, count, _ in times)
    chart = {
        "labels": [label for label, _, _ in times],
        "values": [count for _, count, _ in times],
        "cut": sum(is_within for _, _, is_within in times),
        "n": answered,
    }
    within = sum(count for _, count, is_within in times if is_within)
    return {"card": card, "times": times, "chart": chart, "answered": answered, "within": within}


# Lead velocity


def velocity(frame: Frame, request: HttpRequest) -> dict[str, Any]:
    """Return twelve whole months of growth, up to the last one that is over."""
    card = _cards(frame.query, "lead_velocity_rate")["lead_velocity_rate"]
    month = card.entry["details"].get("month")
    points = _last_twelve(frame, month) if month else []
    chart = {
        "name": card.kpi.name,
        "labels": [point["label"].split()[0] for point in points],
        "values": [point["value"] for point in points],
        "target": card.entry["target"],
    }
    return {"card": card, "points": points, "chart": plain(chart)}


def _last_twelve(frame: Frame, month: str) -> list[dict[str, Any]]:
    last = frame.today.fromisoformat(f"{month}-01")
    end = next_bucket(last, "month") - timedelta(days=1)
    query = replace(frame.query, start=last.replace(year=last.year - 1), end=end)
    entry = _cards(query, "lead_velocity_rate", grain="month")["lead_velocity_rate"].entry
    return [{**point, "label": point_label(point["start"], "month")} for point in entry["series"][-12:]]


# Channels


@dataclass(frozen=True)
class Row:
    """A channel, campaign, landing page or owner with its figures."""

    key: str
    label: str
    colour: str
    leads: int
    share: float | None
    delta: Delta | None
    cells: list[dict[str, Any]]
    url: str


def channels(frame: Frame, request: HttpRequest) -> dict[str, Any]:
    by = request.GET.get("by", SWITCHES[0])
    if by not in SWITCHES:
        raise ValidationError({"by": [f"Use one of {', '.join(SWITCHES)}."]})
    found = _cards(frame.query, "lead_volume", *COLUMNS, by=by)
    total = found["lead_volume"]
    earlier = {row["key"]: row["value"] for row in report.breakdown(total.kpi, frame.board.previous(), by)}
    most = max((row["value"] for row in total.entry["breakdown"]), default=0) or 1
    tones = colours() if by == "channel" else None
    rows = [_row(frame, by, row, found, earlier, tones=tones) for row in _keys(found)]
    return {
        "by": DIMENSIONS[by].label,
        "switches": [
            Choice(DIMENSIONS[slug].label, frame.panel_url("channels", by=slug), slug == by)
            for slug in SWITCHES
        ],
        "rows": rows[:MOST_ROWS],
        "hidden": max(len(rows) - MOST_ROWS, 0),
        "total": total,
        "most": most,
        "totals": [_cell(found[slug], found[slug].entry, found[slug].entry["n"]) for slug in COLUMNS],
        "columns": [SHORT[slug] for slug in COLUMNS],
        "notes": list(dict.fromkeys(found[slug].note for slug in COLUMNS if found[slug].note)),
        "csv": frame.qs(by=by, kpi=["lead_volume", *COLUMNS]),
    }


SHORT = {
    "cost_per_lead": ("CPL", "Cost per lead"),
    "cost_per_qualified_lead": ("CPQL", "Cost per qualified lead"),
    "customer_acquisition_cost": ("CAC", "Customer acquisition cost"),
    "lead_source_roi": ("ROI", "Return on investment"),
}


def _keys(found: Mapping[str, Card]) -> list[Mapping[str, Any]]:
    """Return every row any of the columns has: those with leads first."""
    rows: dict[str, Mapping[str, Any]] = {}
    for card in found.values():
        for row in card.entry["breakdown"]:
            rows.setdefault(row["key"], row)
    return list(rows.values())


def _row(
    frame: Frame,
    by: str,
    row: Mapping[str, Any],
    found: Mapping[str, Card],
    earlier: Mapping[str, int],
    *,
    tones: Mapping[str, str] | None,
) -> Row:
    here = {slug: _of(card, row["key"]) for slug, card in found.items()}
    count, total = (here["lead_volume"] or {"value": 0})["value"], found["lead_volume"].entry["value"]
    customers = (here["customer_acquisition_cost"] or {}).get("denominator") or 0
    return Row(
        key=row["key"],
        label=row["label"],
        colour=tones.get(row["key"], "c0") if tones is not None else "",
        leads=count,
        share=100 * count / total if total else None,
        delta=_compared(count, earlier.get(row["key"])),
        cells=[
            _cell(found[slug], here[slug], customers if slug in COLUMNS[2:] else ENOUGH) for slug in COLUMNS
        ],
        url=frame.kpi_url("lead_volume", by=by, row=row["key"]) + "#rows",
    )


def _of(card: Card, key: str) -> Mapping[str, Any] | None:
    return next((row for row in card.entry["breakdown"] if row["key"] == key), None)


def _compared(value: int, previous: int | None) -> Delta | None:
    """Return how a count of leads has changed."""
    if not previous or value < ENOUGH:
        return None
    entry = {
        "value": value,
        "previous": previous,
        "change_percent": 100 * (value - previous) / previous,
        "n": value,
        "target": None,
    }
    return Card(KPIS["lead_volume"], entry, "").delta


def _cell(card: Card, row: Mapping[str, Any] | None, n: int) -> dict[str, Any]:
    """Return a figure of the table: grey on few records, red where it misses its target by far."""
    value, target = (row or {}).get("value"), card.entry["target"]
    few = n if value is not None and n < ENOUGH else None
    missed = (
        value is not None
        and target is not None
        and few is None
        and misses(card.kpi, value, target) > CLOSE * abs(float(target))
    )
    places = 0 if card.kpi.unit == "percent" else None
    return {"text": figure(value, card.kpi.unit, card.currency, places), "few": few, "bad": missed}


# Spend against result


def spend(frame: Frame, request: HttpRequest) -> dict[str, Any]:
    found = _cards(frame.query, "cost_per_qualified_lead", "customer_acquisition_cost", by="channel")
    card, customers = found["cost_per_qualified_lead"], found["customer_acquisition_cost"]
    target = card.entry["target"]
    limit = target if target is not None else card.entry["value"]
    points = [
        {
            "name": row["label"],
            "x": float(row["numerator"]),
            "y": row["denominator"],
            "size": round(4 + 1.2 * sqrt((_of(customers, row["key"]) or {}).get("denominator") or 0), 1),
            "good": limit is None or float(row["numerator"]) <= float(limit) * row["denominator"],
        }
        for row in card.entry["breakdown"]
        if row["numerator"]
    ]
    result = NAMES[frame.workspace.qualified_stage]
    unit = money_unit(frame.workspace.currency)
    return {
        "card": card,
        "points": points,
        "limit": card.write(limit),
        "limit_is_target": target is not None,
        "result": result,
        "chart": {"points": points, "target": limit and float(limit), "unit": unit, "result": result},
    }


PANELS = {
    panel.slug: panel
    for panel in (
        Panel("funnel", "Funnel", "g8", funnel),
        Panel("clocks", "Waiting for an answer", "g4", clocks),
        Panel("response", "Response time", "g6", response),
        Panel("velocity", "Lead velocity rate", "g6", velocity),
        Panel("channels", "Channels", "g8", channels),
        Panel("spend", "Spend and result", "g4", spend),
    )
}
