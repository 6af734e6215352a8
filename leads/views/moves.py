"""Moving a lead from its page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from leads import stages
from leads.forms import MoveForm
from leads.models import Lead, User, Workspace
from leads.views.access import viewer, visible_leads
from leads.views.leads import lead_context
from leads.views.rendering import page

REFUSED = 422


@require_POST
def move_lead(request: HttpRequest, key: str) -> HttpResponse:
    """Move a lead; without htmx the whole page is drawn again."""
    lead = get_object_or_404(visible_leads(request, key))
    form = MoveForm(request.POST)
    if not _moved(lead, form, viewer(request)):
        part = "leads/_next.html" if request.headers.get("HX-Request") else "leads/detail.html"
        response = page(request, part, lead_context(request, key, form))
        response.status_code = REFUSED
        return response
    if request.headers.get("HX-Request"):
        return page(request, "leads/_moved.html", lead_context(request, key))
    return redirect("leads:detail", key)


def _moved(lead: Lead, form: MoveForm, by: User) -> bool:
    """Make the move if it is legal, else note at the form why not."""
    if not form.is_valid():
        return False
    asked = form.asked(Workspace.current().zone)
    try:
        stages.move(lead, form.cleaned_data["to"], at=timezone.now(), by=by, **asked)
    except stages.StageError as error:
        form.refuse(error)
        return False
    return True
