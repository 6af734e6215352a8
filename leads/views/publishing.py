"""Publishing the draft, now or on a date."""

from __future__ import annotations

from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from leads.definitions import versions
from leads.definitions.announcing import audience
from leads.definitions.differences import differences
from leads.definitions.problems import Problem
from leads.definitions.publishing import LATER, NEW, NOW, OPEN, PublishForm, would_become_mql
from leads.definitions.refusals import Conflict, Invalid
from leads.models import DefinitionSet, User, Workspace
from leads.views.access import admins_only, viewer
from leads.views.editor.panels import problem_links
from leads.views.editor.state import Desk
from leads.views.rendering import page
from leads.views.versions import by_part, frame


@require_http_methods(["GET", "HEAD", "POST"])
@admins_only
def publish(request: HttpRequest) -> HttpResponse:
    """Ask why, for whom and from when; then publish the draft or set its date."""
    draft = DefinitionSet.draft()
    if draft is None:
        return redirect("definitions:history")
    if request.method != "POST":
        return _ask(request, _fresh(draft))
    form = PublishForm(request.POST)
    if not form.is_valid():
        return _ask(request, form, 400)
    try:
        published = _publish(request, draft, form.cleaned_data)
    except Conflict as conflict:
        return _ask(request, form, 409, conflict=conflict)
    except Invalid as refusal:
        return _ask(request, form, 400, refused=_told(form, refusal.problems))
    return HttpResponseRedirect(reverse("definitions:version", args=[published.number]))


def _fresh(draft: DefinitionSet) -> PublishForm:
    """Return the form as it is first seen; of a scheduled draft, as it was filled in."""
    zone = Workspace.current().zone
    when = timezone.localtime(draft.effective_from, zone) if draft.effective_from else None
    return PublishForm(
        initial={
            "reason": draft.reason,
            "revision": draft.revision,
            "applies_to": OPEN if draft.judges_open_leads else NEW,
            "start": LATER if when else NOW,
            "effective_from": f"{when:%Y-%m-%dT%H:%M}" if when else "",
        }
    )


def _publish(request: HttpRequest, draft: DefinitionSet, given: dict[str, Any]) -> DefinitionSet:
    options = {
        "by": viewer(request),
        "at": timezone.now(),
        "reason": given["reason"],
        "judge_open": given["applies_to"] == OPEN,
        "tell": given["tell"],
        "revision": given["revision"],
    }
    if given["start"] == LATER:
        return versions.schedule(draft, effective_from=given["effective_from"], **options)
    return versions.publish(draft, **options)


def _told(form: PublishForm, problems: list[Problem]) -> list[Problem]:
    """Put problems with the form's own fields there; return the others."""
    for problem in problems:
        if problem.path in form.fields:
            form.add_error(problem.path, problem.message)
    return [problem for problem in problems if problem.path == ""]


def _ask(request: HttpRequest, form: PublishForm, status: int = 200, **told: Any) -> HttpResponse:
    context = frame(request)
    desk: Desk = context["desk"]
    if desk.draft is None:  # published or discarded while this was filled in
        context |= {"conflict": told.get("conflict")}
        response = page(request, "definitions/publish.html", context)
        response.status_code = 409
        return response
    context |= {
        "form": form,
        "current_revision": desk.draft.revision,
        "changes": by_part(differences(desk.live, desk.draft)),
        "problem_links": list(problem_links(desk)),
        "oddities": [problem for problem in desk.problems if problem not in desk.errors],
        "told": _numbers_told(),
        **told,
    }
    response = page(request, "definitions/publish.html", context)
    response.status_code = status
    return response


def _numbers_told() -> list[tuple[int, str]]:
    """Return how many reps and managers would be told."""
    counts = dict(audience().order_by().values_list("role").annotate(n=Count("pk")))
    return [(counts.get(User.Role.REP, 0), "rep"), (counts.get(User.Role.MANAGER, 0), "manager")]


@require_safe
@admins_only
def affected(request: HttpRequest) -> HttpResponse:
    """Say how many open leads the draft would make MQL today."""
    draft = DefinitionSet.draft()
    number = would_become_mql(draft, timezone.now()) if draft else None
    return page(request, "definitions/_affected.html", {"number": number})
