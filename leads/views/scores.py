"""The page that explains a lead's score to the last point, and lets people say otherwise."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from rest_framework.exceptions import ValidationError

from leads import overrides
from leads.filters import DAY, DAYS
from leads.models import DefinitionSet, Lead, Workspace
from leads.scoring.explaining import explain
from leads.times import day_start, parse_as_of
from leads.views.access import viewer, visible_leads
from leads.views.rendering import naming_errors, page

MOST_SHOWN = 50  # past overrides


class OverrideForm(forms.Form):
    score = forms.IntegerField(label="Score", min_value=0, max_value=100)
    reason = forms.CharField(
        label="Why", max_length=overrides.LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 3})
    )
    until = forms.DateField(
        label="Until the end of",
        required=False,
        widget=DAY,
        validators=DAYS,
        help_text="Leave it blank to let it stand until somebody ends it.",
    )


@require_safe
@naming_errors
def score_page(request: HttpRequest, key: str) -> HttpResponse:
    """Explain a lead's score as it is now, or was or will be at another instant."""
    lead, now = get_object_or_404(visible_leads(request, key)), timezone.now()
    as_of = _as_of(request.GET.get("as_of", ""), lead)
    return _page(request, lead, OverrideForm(), as_of or now, is_now=as_of is None)


@require_POST
def override_score(request: HttpRequest, key: str) -> HttpResponse:
    """Store what the viewer says a lead is worth."""
    lead, now = get_object_or_404(visible_leads(request, key)), timezone.now()
    form = OverrideForm(request.POST)
    if form.is_valid() and _say(lead, form, request, now):
        return redirect("leads:score", key=lead.key)
    response = _page(request, lead, form, now)
    response.status_code = 400
    return response


@require_POST
def end_override(request: HttpRequest, key: str) -> HttpResponse:
    """Let the reckoned score speak again."""
    lead = get_object_or_404(visible_leads(request, key))
    overrides.end_override(lead, by=viewer(request), at=timezone.now())
    return redirect("leads:score", key=lead.key)


def scored(lead: Lead, at: datetime) -> dict[str, Any]:
    """Return what a lead's score section shows."""
    version = DefinitionSet.current()
    return {
        "version": version,
        "explanation": None if version.scoring is None else explain(lead, version.scoring, at),
        "override": overrides.standing(at).filter(lead=lead).select_related("by").first(),
    }


def _page(
    request: HttpRequest, lead: Lead, form: OverrideForm, at: datetime, *, is_now: bool = True
) -> HttpResponse:
    said = lead.score_overrides.filter(at__lte=at).select_related("by", "ended_by")
    context = {
        "section": "leads",
        "lead": lead,
        "form": form,
        "at": at,
        "is_now": is_now,
        "history": said.order_by("-at", "-pk")[:MOST_SHOWN],
        **scored(lead, at),
    }
    return page(request, "leads/score.html", context)


def _say(lead: Lead, form: OverrideForm, request: HttpRequest, at: datetime) -> bool:
    said = form.cleaned_data
    try:
        overrides.set_override(
            lead,
            score=said["score"],
            reason=said["reason"],
            by=viewer(request),
            at=at,
            expires_at=_end_of(said["until"]),
        )
    except overrides.OverrideError as error:
        form.add_error(error.field, error.message)
        return False
    return True


def _end_of(day: date | None) -> datetime | None:
    return day_start(day + timedelta(days=1), Workspace.current().zone) if day else None


def _as_of(text: str, lead: Lead) -> datetime | None:
    """Return the instant asked for, none if none is; of a bare date the last one."""
    if not text.strip():
        return None
    try:
        at = parse_as_of(text, Workspace.current().zone)
    except (ValueError, OverflowError):
        raise ValidationError({"as_of": ["Use a date or an ISO 8601 time."]}) from None
    if at < lead.created_at:
        raise ValidationError({"as_of": ["The lead did not exist then."]})
    return at
