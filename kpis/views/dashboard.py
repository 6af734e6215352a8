"""The dashboard: every KPI on one page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db.models.functions import Lower
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from kpis import judged, report
from kpis.catalog import KPIS
from kpis.definitions import BANDS, DIMENSIONS, NONE
from kpis.views.attention import notices
from kpis.views.cards import STATES, Card, cards, groups
from kpis.views.first_run import first_run
from kpis.views.frame import Choice, Frame
from kpis.views.panels import PANELS
from leads.models import Lead
from leads.views.access import figures_only
from leads.views.rendering import page

MOST_OPTIONS = 500


@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show managers the figures; send reps to their leads."""
    if not (request.user.is_authenticated and request.user.sees_figures):
        return HttpResponseRedirect(reverse("leads:list"))
    return scorecard(request)


@figures_only
def scorecard(request: HttpRequest) -> HttpResponse:
    frame = Frame(request)
    if not Lead.objects.counted().exists():
        return first_run(request, frame.workspace)
    found = cards(report.build(replace(frame.query, grain=frame.fine_grain), frame.now))
    context = {
        "section": "dashboard",
        "frame": frame,
        "groups": groups(found.values()),
        "standing": standing(found),
        "judged": judged.lines(KPIS.values(), frame.board),
        "notices": notices(frame, found),
        "panels": [(panel, frame.panel_url(panel.slug)) for panel in PANELS.values()],
        "narrowest": narrowest(frame, found),
    }
    return page(request, "kpis/dashboard.html", context, frame.workspace)


def standing(found: Mapping[str, Card]) -> dict[str, int]:
    """Return how many KPIs are on target, close to it and off."""
    states = [card.target.state for card in found.values() if card.target]
    return {"of": len(states), **{state: states.count(state) for state in STATES}}


def narrowest(frame: Frame, found: Mapping[str, Card]) -> list[dict[str, Any]]:
    """Return, where the filters leave nothing, what dropping each of them would bring back."""
    if not frame.query.filters or found["lead_volume"].entry["n"] or found["qualified_traffic"].entry["n"]:
        return []
    return [
        {"chip": chip, "count": frame.board.without(chip.slug).total(KPIS["lead_volume"].numerator)}
        for chip in frame.chips
        if chip.values
    ]


@require_safe
@figures_only
@vary_on_headers("HX-Request")
def options(request: HttpRequest, slug: str) -> HttpResponse:
    """List what a dimension can be filtered by, each a link that switches it."""
    if slug not in DIMENSIONS:
        raise Http404
    frame, back = Frame(request), request.GET.get("back", "")
    chosen = frame.query.filters.get(slug, ())
    start = back if back.startswith("/kpis/") else reverse("kpis:dashboard")
    choices = [
        Choice(label, start + frame.toggled_filter(slug, key), key in chosen) for key, label in values(slug)
    ]
    part = request.headers.get("HX-Request")
    context = {"section": "dashboard", "label": DIMENSIONS[slug].label, "choices": choices}
    return page(request, "kpis/_options.html" if part else "kpis/options.html", context, frame.workspace)


def values(slug: str) -> list[tuple[str, str]]:
    """Return the keys and names a dimension has, (none) last."""
    dimension = DIMENSIONS[slug]
    if slug == "company_size":
        found = [(name, name) for name, *_ in BANDS]
    elif dimension.model:
        rows = dimension.model._default_manager.all()[:MOST_OPTIONS]
        found = [(getattr(row, dimension.key), str(row)) for row in rows]
    else:
        texts = Lead.objects.exclude(**{dimension.path: ""}).exclude(**{dimension.path: None})
        used = texts.order_by(Lower(dimension.path)).values_list(dimension.path, flat=True).distinct()
        found = [(text, text) for text in used[:MOST_OPTIONS]]
    return [*found, (NONE, "(none)")]
