"""The review of the definitions in force: what they changed, and whether they stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from kpis import review as reviewing
from kpis.catalog import KPIS
from kpis.periods import Period
from kpis.review import Entry, Outcome, RuleRejections, Windows
from kpis.templatetags.figures import Figure, change
from kpis.views.cards import Card
from kpis.views.charts import point_label
from kpis.views.frame import span
from kpis.views.panels import BEHIND, NAMES
from leads.definitions import reminding
from leads.definitions.differences import differences
from leads.definitions.document import previous
from leads.models import DefinitionSet, Workspace
from leads.views.access import figures_only
from leads.views.rendering import page

VOLUMES = ("mql", "sal", "sql", "opportunity", "customer")
SHORT = {
    "lead_volume": "Leads",
    "mql": "MQLs",
    "sql": "SQLs",
    "customer": "Customers",
    "mql_to_lead_ratio": "MQL/lead",
    "mql_to_sql_ratio": "MQL→SQL",
    "lead_conversion_rate": "Conv.",
    "outside_icp_rate": "Outside ICP",
    "lead_quality_score": "Quality",
    "key_information_completion_rate": "Key info",
    "untreated_lead_rate": "Untreated",
    "cost_per_lead": "CPL",
    "cost_per_qualified_lead": "CPQL",
}  # heads of the table by month
MOST_REASONS = 8


@dataclass(frozen=True)
class Row:
    """A figure of both windows; each opens the KPI's own page."""

    name: str
    card: Card
    after_url: str
    before_url: str


@require_http_methods(["GET", "HEAD", "POST"])
@figures_only
def review(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _keep(request)
    return _show(request)


def _keep(request: HttpRequest) -> HttpResponse:
    """Note that an admin looked and keeps the version; unless another is in force by now."""
    if not (request.user.is_authenticated and request.user.is_admin):
        raise PermissionDenied
    definition = DefinitionSet.current()
    is_shown = request.POST.get("number") == str(definition.number)
    if not (is_shown and reminding.keep(definition, by=request.user, at=timezone.now())):
        return _show(request, "Another version is in force by now. Look at this one before you keep it.", 409)
    return HttpResponseRedirect(reverse("kpis:review"))


def _show(request: HttpRequest, problem: str = "", status: int = 200) -> HttpResponse:
    workspace, now = Workspace.current(), timezone.now()
    definition = DefinitionSet.objects.filter(status=DefinitionSet.Status.PUBLISHED).first()
    context = {"section": "definitions", "tab": "review", "definition": definition, "problem": problem}
    if definition:
        context |= _about(definition, now) | _compared(definition, workspace, now)
    response = page(request, "kpis/review.html", context, workspace)
    response.status_code = status
    return response


def _about(definition: DefinitionSet, now: datetime) -> dict[str, Any]:
    before = previous(definition)
    return {
        "due_at": reminding.due_at(definition),
        "is_due": reminding.is_due(definition, now),
        "before": before,
        "changes": differences(before, definition) if before else [],
        "draft": DefinitionSet.draft(),
    }


def _compared(definition: DefinitionSet, workspace: Workspace, now: datetime) -> dict[str, Any]:
    of = reviewing.windows(definition, workspace, now)
    if of is None:
        return {"windows": None}
    today = now.astimezone(workspace.zone).date()
    entries = reviewing.entries(of, now)
    return {
        "windows": of,
        "after_label": span(of.after, today),
        "before_label": span(of.before, today),
        "has_before": bool(entries["lead_volume"]["previous"]),
        "volumes": [_volume(name, entries, of, workspace.currency) for name in ("lead_volume", *VOLUMES)],
        "ratios": [_ratio(slug, entries[slug], of, workspace.currency) for slug in reviewing.RATIOS],
        "heads": [(short, _name(name)) for name, short in SHORT.items()],
        "months": months(entries, definition, workspace),
        "outcomes": [shown(outcome) for outcome in reviewing.outcomes(of)],
        "rules": [(row, gap(row)) for row in reviewing.rule_rejections(definition, of, now)],
        "overrides": reviewing.overrides(of),
    }


# Figures


def _name(name: str) -> str:
    return KPIS[name].name if name in KPIS else NAMES[name]


def _card(name: str, entry: Entry, currency: str) -> Card:
    """Return a figure as the dashboard writes it; rungs are counts like leads."""
    return Card(KPIS.get(name, KPIS["lead_volume"]), entry, currency)


def _volume(name: str, entries: Mapping[str, Entry], of: Windows, currency: str) -> Row:
    slug, side = BEHIND["lead" if name == "lead_volume" else name]
    card = _card(name, entries[name], currency)
    title = "Leads" if name == "lead_volume" else NAMES[name]
    return Row(title, card, _url(slug, of.after, side), _url(slug, of.before, side))


def _ratio(slug: str, entry: Entry, of: Windows, currency: str) -> Row:
    return Row(KPIS[slug].name, _card(slug, entry, currency), _url(slug, of.after), _url(slug, of.before))


def _url(slug: str, period: Period, side: str = "") -> str:
    asked = QueryDict(mutable=True)
    asked.update({"from": str(period.first), "to": str(period.last)})
    if side:
        asked["side"] = side
    return f"{reverse('kpis:kpi', args=[slug])}?{asked.urlencode()}{'#rows' if side else ''}"


@dataclass(frozen=True)
class Month:
    label: str
    took_effect: bool
    values: list[Figure]


def months(entries: Mapping[str, Entry], definition: DefinitionSet, workspace: Workspace) -> list[Month]:
    """Return the figures month by month over both windows."""
    assert definition.effective_from
    effective = f"{definition.effective_from.astimezone(workspace.zone):%Y-%m}"
    series = {name: entries[name]["series"] for name in SHORT}
    return [
        Month(
            point_label(point["start"], "month"),
            point["start"].startswith(effective),
            [_written(name, entries, index, workspace.currency) for name in SHORT],
        )
        for index, point in enumerate(series["lead_volume"])
    ]


def _written(name: str, entries: Mapping[str, Entry], index: int, currency: str) -> Figure:
    return _card(name, entries[name], currency).write(entries[name]["series"][index]["value"])


def shown(outcome: Outcome) -> dict[str, Any]:
    """Return the reasons that fit on the page, and what the rest come to."""
    rest = outcome.reasons[MOST_REASONS:]
    return {
        "outcome": outcome,
        "reasons": outcome.reasons[:MOST_REASONS],
        "more": len(rest),
        "more_after": sum(reason.after for reason in rest),
        "more_before": sum(reason.before for reason in rest),
    }


def gap(row: RuleRejections) -> str:
    """Write by how many points more of a rule's leads are rejected than of the others."""
    if row.share is None or row.share_others is None:
        return ""
    return change(row.share, row.share_others, None, "percent")
