"""An empty workspace: how to get to the first number, and what each KPI waits for."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from kpis.catalog import GROUPS, KPIS
from kpis.kinds import Kpi
from leads.models import DefinitionSet, SlaPolicy, Spend, Target, Workspace
from leads.views.rendering import page

NEEDS = {
    "outside_icp_rate": "needs leads and an ICP",
    "lead_quality_score": "needs leads and a scoring model",
    "sla_compliance_rate": "needs leads and an SLA policy",
    "first_contact_time": "needs a first attempt",
    "lead_response_time": "needs a first response",
    "lead_velocity_rate": "needs two whole months",
    "ltv_cac_ratio": "needs a won deal and costs",
    "lead_source_roi": "needs a won deal and costs",
}
BY_SOURCE = {
    "spend": "needs costs",
    "sessions": "needs sessions",
    "appointments": "needs an appointment",
    "opportunities": "needs an opportunity",
    "submissions": "needs a first form",
    "leads": "needs a first lead",
}


def first_run(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    definitions = DefinitionSet.current()
    steps = [
        (
            "Create the workspace",
            f"Currency {workspace.currency}, time zone {workspace.time_zone}",
            bool(workspace.name and not workspace._state.adding),
        ),
        ("Get leads in", "Import a workspace bundle, or a table of your own through a mapping", False),
        ("Add costs", "Spend per day and channel, for CPL, CAC and ROI", Spend.objects.exists()),
        (
            "Agree what MQL, SAL and SQL mean",
            "The ICP, the scoring model and the stages",
            bool(definitions.pk),
        ),
        ("Promise a response time", "An SLA policy with opening hours", SlaPolicy.objects.exists()),
        ("Set targets", "One per KPI, in its own unit", Target.objects.exists()),
    ]
    done = sum(is_done for *_, is_done in steps)
    context = {
        "section": "dashboard",
        "steps": steps,
        "current": next((title for title, _, is_done in steps if not is_done), ""),
        "done": done,
        "share": 100 * done // len(steps),
        "groups": [
            (title, [(kpi, needs(kpi)) for kpi in KPIS.values() if kpi.group == slug])
            for slug, title in GROUPS.items()
        ],
    }
    return page(request, "kpis/first_run.html", context, workspace)


def needs(kpi: Kpi) -> str:
    """Return what a KPI waits for in an empty workspace."""
    if kpi.slug in NEEDS:
        return NEEDS[kpi.slug]
    sources = [source.slug for source in kpi.sources]
    return next(text for source, text in BY_SOURCE.items() if source in sources)
