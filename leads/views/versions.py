"""Versions of the definitions: their history, one of them, two side by side, and the draft's life."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe
from rest_framework.exceptions import ValidationError

from leads import jobs
from leads.definitions import interchange, reading, versions
from leads.definitions.differences import Difference, differences
from leads.definitions.refusals import Conflict, DefinitionError
from leads.models import DefinitionSet, StageEvent
from leads.views.access import admins_only, figures_only, viewer
from leads.views.editor.panels import problem_links
from leads.views.editor.state import Desk
from leads.views.rendering import page

Context = dict[str, Any]

PEOPLE = ("edited_by", "published_by", "based_on")


def frame(request: HttpRequest) -> Context:
    """Return what the head of every page about definitions shows."""
    desk = Desk(request)
    return {"section": "definitions", "tab": "history", "desk": desk, "draft": desk.draft, "live": desk.live}


def version_of(number: int) -> DefinitionSet:
    return get_object_or_404(DefinitionSet.objects.select_related(*PEOPLE), number=number)


@require_safe
@figures_only
def history(request: HttpRequest) -> HttpResponse:
    return _history(request)


def _history(request: HttpRequest, status: int = 200, **told: Any) -> HttpResponse:
    rows = list(DefinitionSet.objects.select_related(*PEOPLE))
    judged = StageEvent.objects.filter(stage="mql", definition__isnull=False, lead__status="open")
    by_version = judged.order_by().values("definition")
    mqls = dict(by_version.annotate(n=Count("lead", distinct=True)).values_list("definition", "n"))
    listed = [(row, mqls.get(row.pk, 0)) for row in rows]
    response = page(request, "definitions/history.html", {**frame(request), "versions": listed, **told})
    response.status_code = status
    return response


@require_safe
@figures_only
def version(request: HttpRequest, number: int) -> HttpResponse:
    shown = version_of(number)
    context = frame(request)
    context |= {
        "version": shown,
        "number_text": str(shown.number),
        "stages": reading.stages(shown),
        "categories": reading.categories(shown),
        "thresholds": reading.thresholds(shown),
        "icp": reading.criteria(shown.icp),
        "key_fields": reading.key_fields(shown),
        "sign_offs": shown.sign_offs.select_related("by"),
        "job": jobs.latest("rescore", definition=shown.number),
        **_problems(context["desk"], shown),
    }
    return page(request, "definitions/version.html", context)


def _problems(desk: Desk, shown: DefinitionSet) -> Context:
    """Return what is wrong and what is odd with the draft, where it is the draft that is shown."""
    if not shown.is_draft:
        return {}
    odd = [problem for problem in desk.problems if problem not in desk.errors]
    return {"problem_links": list(problem_links(desk)), "oddities": odd}


@require_safe
@figures_only
def compare(request: HttpRequest, old: int, new: int) -> HttpResponse:
    before, after = version_of(old), version_of(new)
    context = {
        "old": before,
        "new": after,
        "both": [before, after],
        "changes": by_part(differences(before, after)),
        "numbers": DefinitionSet.objects.values_list("number", "status"),
    }
    return page(request, "definitions/compare.html", {**frame(request), **context})


def by_part(found: list[Difference]) -> list[tuple[str, list[str]]]:
    """Return differences below the names of their parts."""
    grouped = groupby(found, key=lambda each: each.part)
    return [(part, [each.text for each in changes]) for part, changes in grouped]


@require_safe
@figures_only
def choose(request: HttpRequest) -> HttpResponse:
    """Go from the two selects to the comparison they ask for."""
    chosen = [request.GET.get(name, "") for name in ("old", "new")]
    if not all(number.isascii() and number.isdecimal() and len(number) < 9 for number in chosen):
        raise ValidationError({"old": ["Choose two versions."]})
    return HttpResponseRedirect(reverse("definitions:compare", args=list(map(int, chosen))))


@require_safe
@figures_only
def download(request: HttpRequest, number: int) -> HttpResponse:
    shown = version_of(number)
    name = f"definitions-version-{shown.number}{'-draft' if shown.is_draft else ''}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(interchange.dump(shown), content_type="application/json", headers=headers)


# what changes the draft


@require_POST
@admins_only
def start(request: HttpRequest) -> HttpResponse:
    versions.start(by=viewer(request), at=timezone.now())
    return HttpResponseRedirect(_next(request))


def _next(request: HttpRequest) -> str:
    """Return where somebody came from, if that is a page of ours."""
    asked = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(asked, allowed_hosts=None) and asked.startswith("/")
    return asked if ours else reverse("definitions:home")


@require_POST
@admins_only
def restore(request: HttpRequest, number: int) -> HttpResponse:
    """Start a draft that says what an older version says."""
    try:
        versions.start(by=viewer(request), at=timezone.now(), basis=version_of(number))
    except DefinitionError as refusal:
        return _history(request, 409, refusal=refusal.message)
    return HttpResponseRedirect(reverse("definitions:home"))


@require_POST
@admins_only
def discard(request: HttpRequest) -> HttpResponse:
    draft = DefinitionSet.draft()
    if draft:
        versions.discard(draft, at=timezone.now())
    return HttpResponseRedirect(reverse("definitions:history"))


@require_POST
@admins_only
def upload(request: HttpRequest) -> HttpResponse:
    """Put a JSON file into the draft; what is wrong in it but readable is shown there."""
    file = request.FILES.get("file")
    if file is None:
        return _history(request, 400, file_problems=["Choose a JSON file."])
    read = interchange.read(file.read(interchange.MAX_SIZE + 1))
    if read.refused:
        return _history(request, 400, file_problems=read.refused, file_name=file.name)
    try:
        draft = _put(request, read)
    except DefinitionError as refusal:
        return _history(request, 409, refusal=refusal.message)
    return HttpResponseRedirect(reverse("definitions:version", args=[draft.number]))


def _put(request: HttpRequest, read: interchange.Reading) -> DefinitionSet:
    """Store a file in the draft, unless that is another than the uploader saw."""
    seen, draft = request.POST.get("revision", ""), DefinitionSet.draft()
    if draft and seen != str(draft.revision):
        who = draft.edited_by or "Somebody"
        raise Conflict(f"{who} changed the draft meanwhile: look at it, then upload again.")
    return interchange.put_into_draft(read, by=viewer(request), at=timezone.now())
