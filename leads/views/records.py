"""Writing down a lead, and what is known of it."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from leads import records
from leads.forms import LeadForm
from leads.models import Lead
from leads.models.fields import new_key
from leads.views.access import viewer, visible_leads
from leads.views.rendering import page

REFUSED = 422
form_page = require_http_methods(["GET", "HEAD", "POST"])


@form_page
def new_lead(request: HttpRequest) -> HttpResponse:
    """Add a lead by hand; a rep becomes its owner unless they choose nobody.

    The form carries the key of the lead to be, so that one sent twice makes one lead.
    """
    by = viewer(request)
    mine = {} if by.sees_figures else {"owner": by.pk}
    form = LeadForm(request.POST or None, viewer=by, initial=mine)
    key = _key_of(request)
    if request.method == "POST" and (_is_there(key) or form.is_valid()):
        if not _is_there(key):
            _add(form, key)
        return redirect("leads:detail", key)
    return _form(request, form, {"title": "New lead", "key": key})


def _key_of(request: HttpRequest) -> str:
    """Return the key that the form carries, or a new one."""
    key = request.POST.get("key", "")
    return key if re.fullmatch("[0-9a-f]{32}", key) else new_key()


def _is_there(key: str) -> bool:
    return Lead.objects.filter(key=key).exists()


def _add(form: LeadForm, key: str) -> None:
    """Store the lead, unless the same form has just done so."""
    try:
        records.add_lead(form.values(), by=form.viewer, at=timezone.now(), key=key)
    except IntegrityError:
        if not _is_there(key):
            raise


@form_page
@transaction.atomic
def edit_lead(request: HttpRequest, key: str) -> HttpResponse:
    """Change a lead's fields, unless somebody else did meanwhile."""
    visible = visible_leads(request, key).exclude(status=Lead.Status.MERGED)
    if request.method == "POST":
        visible = visible.select_for_update(no_key=True)
    lead = get_object_or_404(visible)
    form = LeadForm(request.POST or None, viewer=viewer(request), instance=lead)
    if request.method == "POST" and _edited(lead, form):
        return redirect("leads:detail", key)
    shown = get_object_or_404(visible_leads(request, key))  # not what the form made of it
    return _form(request, form, {"title": f"Edit {shown}", "lead": shown})


def _edited(lead: Lead, form: LeadForm) -> bool:
    """Store what was typed, else note at the form why not."""
    if form.is_valid():
        form.note_conflict()
    if not form.is_valid():
        return False
    try:
        records.edit_lead(lead, form.values(), by=form.viewer)
    except ValidationError as error:
        form.add_error(None, error)
        return False
    return True


def _form(request: HttpRequest, form: LeadForm, context: dict[str, Any]) -> HttpResponse:
    response = page(request, "leads/form.html", {"section": "leads", "form": form, **context})
    if form.is_bound:
        response.status_code = REFUSED
    return response
