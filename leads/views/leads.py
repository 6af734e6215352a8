"""The list of leads and the page of one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from leads import overrides
from leads.conditions.facts import stage
from leads.conditions.moment import Moment
from leads.filters import LeadFilterSet
from leads.forms import MoveForm
from leads.models import Lead, Stage
from leads.paging import page_of
from leads.timeline import timeline
from leads.views.access import viewer, visible_leads
from leads.views.next import next_step
from leads.views.rendering import naming_errors, page
from leads.views.scores import scored

SHOWN = ("owner", "channel", "campaign", "landing_page", "sla_policy")


@require_safe
@naming_errors
def lead_list(request: HttpRequest) -> HttpResponse:
    visible = Lead.objects.visible_to(request.user).exclude(status=Lead.Status.MERGED)
    chosen = LeadFilterSet(request.GET, visible)
    now = timezone.now()
    rows = chosen.qs.select_related("owner", "channel", "campaign").order_by("-created_at", "-pk")
    rows = rows.annotate(current_stage=stage(Moment(now)))
    context = {
        "section": "leads",
        "filter": chosen,
        "page": page_of(overrides.beside(rows, now), request.GET),
        "now": now,
        "is_filtered": any(request.GET.get(name) for name in chosen.filters),
    }
    return page(request, "leads/list.html", context)


@require_safe
def lead_page(request: HttpRequest, key: str) -> HttpResponse:
    return page(request, "leads/detail.html", lead_context(request, key))


def lead_context(request: HttpRequest, key: str, tried: MoveForm | None = None) -> dict[str, Any]:
    """Return what the page of a lead shows; with it a move that was tried and refused."""
    visible = visible_leads(request, key).select_related(*SHOWN, "owner__team")
    now = timezone.now()
    lead = get_object_or_404(visible.annotate(current_stage=stage(Moment(now))))
    return {
        "section": "leads",
        "lead": lead,
        "next": next_step(lead, viewer(request), now, tried),
        "track": track(lead, now),
        "timeline": timeline(lead),
        "scored": scored(lead, now),
        "merged_into": Lead.objects.visible_to(request.user).filter(pk=lead.merged_into_id).first(),
        "deals": lead.opportunities.order_by("-opened_at"),
        "now": now,
    }


def track(lead: Lead, now: datetime) -> list[dict[str, Any]]:
    """Return the ladder's rungs: when each was reached, and which is the furthest."""
    rungs: list[tuple[str, str, datetime | None]] = [("lead", "Lead", lead.created_at)]
    rungs += [(rung, label, lead.reached_at(rung)) for rung, label in Stage.rungs()]
    done = [rung for rung, _, at in rungs if at and at <= now]
    furthest = done[-1] if done else ""
    return [
        {"label": label, "at": at, "state": "now" if rung == furthest else "done" if rung in done else ""}
        for rung, label, at in rungs
    ]
