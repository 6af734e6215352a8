"""Saving a form of the editor: one part of the draft at a time."""

from __future__ import annotations

import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST
from rest_framework.exceptions import ValidationError

from leads.definitions import editing, versions
from leads.definitions.editing import Action
from leads.definitions.refusals import Conflict, DefinitionError
from leads.models import DefinitionSet, User
from leads.views.access import admins_only
from leads.views.editor import panels, scoring_forms
from leads.views.editor.part import Part, Refused
from leads.views.editor.parts import RulePart, find
from leads.views.editor.rows import Group
from leads.views.editor.state import Desk
from leads.views.rendering import page


@require_POST
@admins_only
def save_part(request: HttpRequest, slug: str) -> HttpResponse:
    """Store what a form says of its part, and draw the part again."""
    part = find(slug)
    if part is None:
        raise Http404
    desk = Desk(request)
    if desk.draft is None:
        return _conflict(desk, part, Conflict("There is no draft any more."), None)
    if "mine" in request.POST:
        return _keep(desk, part, _kept(request.POST["mine"], part))
    action = Action.read(request.POST.get("do", ""))
    before, mine = part.read(desk.draft), part.parse(desk.draft, request.POST, action)
    try:
        desk = _save(desk, part.columns(desk.draft, mine))
    except Conflict as conflict:
        return _conflict(desk, part, conflict, mine)
    except (Refused, DefinitionError) as refusal:
        return _refused(desk, part, mine, str(refusal))
    if isinstance(part, RulePart) and _category(before) != _category(mine):
        return _rules_drawn(desk, part)
    return _saved(desk, part, action)


def _kept(text: str, part: Part) -> Any:
    """Return what somebody entered before they heard of a conflict; only an ICP may be none at all."""
    mine = editing.read_json(text)
    if not isinstance(mine, dict) and not (text == "null" and part.slug == "icp"):
        raise ValidationError({"mine": ["This is not a part of a definition."]})
    return mine


def _keep(desk: Desk, part: Part, mine: Any) -> HttpResponse:
    """Put somebody's own part in the place of the other, and show the whole page anew."""
    assert desk.draft
    if isinstance(part, RulePart):
        part = _place_of(mine, desk.draft)
    try:
        _save(desk, part.columns(desk.draft, mine))
    except Conflict as conflict:
        return _conflict(desk, part, conflict, mine)
    except (Refused, DefinitionError) as refusal:
        raise ValidationError({"mine": [str(refusal)]}) from refusal
    if _is_part(desk.request):
        return HttpResponse(headers={"HX-Redirect": part.page})
    return HttpResponseRedirect(part.page)


def _place_of(rule: Any, draft: DefinitionSet) -> RulePart:
    """Return where the rule of this slug stands now; behind all others if it is gone."""
    rules = scoring_forms.rules_of(draft)
    slug = rule.get("slug") if isinstance(rule, dict) else None
    same = (
        index for index, other in enumerate(rules) if isinstance(other, dict) and other.get("slug") == slug
    )
    return RulePart(next(same, len(rules)))


def _category(rule: Any) -> Any:
    return rule.get("category") if isinstance(rule, dict) else None


def _save(desk: Desk, columns: dict[str, Any]) -> Desk:
    """Store columns of the draft if it is still as it was when the page was drawn."""
    assert desk.draft and isinstance(desk.request.user, User)
    text = desk.request.POST.get("revision", "")
    revision = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else -1
    versions.save(desk.draft, columns, by=desk.request.user, at=desk.at, revision=revision)
    return Desk(desk.request)


def _saved(desk: Desk, part: Part, action: Action) -> HttpResponse:
    context = panels.panel(desk, part)
    focus = ""
    if isinstance(context.get("row"), Group) and action.verb:
        focus = panels.focus_after(context["row"], action)
    focus = f"{part.form}-{focus}" if focus else ""
    if not _is_part(desk.request):
        address, _, _ = part.page.partition("#")
        return HttpResponseRedirect(f"{address}#{focus or part.form}")
    response = page(desk.request, part.template, {**context, "is_open": True, "saved": True, **_head(desk)})
    return _told(response, desk, focus)


def _is_part(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def _head(desk: Desk) -> dict[str, Any]:
    return {"problem_links": list(panels.problem_links(desk))}


def _told(response: HttpResponse, desk: Desk, focus: str = "") -> HttpResponse:
    """Tell the page that the draft was saved, with which revision, and where to go on."""
    revision = desk.draft.revision if desk.draft else 0
    response.headers["HX-Trigger"] = json.dumps({"draft-saved": {"revision": revision}})
    if focus:
        response.headers["HX-Trigger-After-Swap"] = json.dumps({"focus-on": {"id": focus}})
    return response


def _refused(desk: Desk, part: Part, mine: Any, message: str) -> HttpResponse:
    """Draw the form again as it was filled in, with what is wrong; nothing was stored."""
    context = {**panels.panel(desk, part), "value": mine, "refused": message, "is_open": True}
    return _answer(desk, part, context, 422)


def _conflict(desk: Desk, part: Part, conflict: Conflict, mine: Any) -> HttpResponse:
    """Show what somebody else made of the part meanwhile, and let one of the two be chosen."""
    desk = Desk(desk.request)
    theirs = part.read(desk.shown)
    context = {
        "part": part,
        "desk": desk,
        "conflict": conflict,
        "is_own": conflict.by == desk.request.user,
        "theirs": part.say(theirs),
        "mine": json.dumps(mine),
        "my_words": part.say(mine) if mine is not None else "",
        "may_keep": desk.draft is not None and mine is not None,
        "embedded": _is_part(desk.request),
    }
    response = _answer(desk, part, context, 409, "definitions/_conflict.html")
    response.headers["HX-Retarget"] = "#definition-problems" if mine is None else f"#{part.form}"
    response.headers["HX-Reswap"] = "innerHTML"
    return response


def _answer(desk: Desk, part: Part, context: dict[str, Any], status: int, template: str = "") -> HttpResponse:
    """Answer with a part for htmx, with a page around it for others."""
    inner = template or part.template
    if _is_part(desk.request):
        response = page(desk.request, inner, context)
    else:
        context |= {"inner": inner, "section": "definitions", "back": part.page, "is_form": not template}
        response = page(desk.request, "definitions/part_page.html", context)
    response.status_code = status
    return response


@require_POST
@admins_only
def change_rules(request: HttpRequest) -> HttpResponse:
    """Add, copy or remove a scoring rule, and draw all of them again."""
    desk = Desk(request)
    part = RulePart(0)
    if desk.draft is None:
        return _conflict(desk, part, Conflict("There is no draft any more."), None)
    rules, opened = scoring_forms.changed(
        scoring_forms.rules_of(desk.draft), Action.read(request.POST.get("do", ""))
    )
    scoring = {**scoring_forms.scoring_of(desk.draft), "rules": rules}
    try:
        desk = _save(desk, {"scoring": scoring})
    except Conflict as conflict:
        return _conflict(desk, part, conflict, None)
    except DefinitionError as refusal:
        raise ValidationError({"scoring": [str(refusal)]}) from refusal
    return _rules_drawn(desk, None if opened is None else RulePart(opened))


def _rules_drawn(desk: Desk, opened: RulePart | None) -> HttpResponse:
    """Draw all rules again, one of them open."""
    if not _is_part(desk.request):
        address = opened.page if opened else reverse("definitions:scoring")
        return HttpResponseRedirect(f"{address}#{opened.form}" if opened else address)
    groups = panels.categories(desk, opened.index if opened else None)
    context = {"categories": groups, "desk": desk, "editable": True, "saved": True, **_head(desk)}
    response = page(desk.request, "definitions/_rules.html", context)
    response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#rules", "outerHTML"
    return _told(response, desk, f"{opened.form}-name" if opened else "")
