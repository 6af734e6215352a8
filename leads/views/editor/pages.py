"""The pages of the definition editor, and what they load after they are drawn."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from leads.definitions import words
from leads.models import DefinitionSet, Workspace
from leads.scoring.model import MAX_RULES
from leads.views.access import figures_only
from leads.views.editor import histogram, panels, scoring_forms
from leads.views.editor.counts import MOST_SCORED, fresh_score, matches
from leads.views.editor.parts import FitPart, IcpPart, RulePart, StagePart, ThresholdsPart, find
from leads.views.editor.rows import walk
from leads.views.editor.state import Desk
from leads.views.rendering import page

SHOWN_VERSIONS = 5


@require_safe
@figures_only
def home(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(reverse("definitions:stage", args=["mql"]))


@require_safe
@figures_only
def stage_page(request: HttpRequest, stage: str) -> HttpResponse:
    if stage not in words.STAGES:
        raise Http404
    desk = Desk(request)
    context = {"tab": stage, "panel": panels.panel(desk, StagePart(stage)), "stage": words.STAGES[stage]}
    return page(request, "definitions/stage.html", {**_frame(desk), **context})


@require_safe
@figures_only
def fit_page(request: HttpRequest) -> HttpResponse:
    desk = Desk(request)
    context = {
        "tab": "fit",
        "icp": panels.panel(desk, IcpPart()),
        "key_fields": panels.panel(desk, FitPart()),
    }
    return page(request, "definitions/fit.html", {**_frame(desk), **context})


@require_safe
@figures_only
def scoring_page(request: HttpRequest) -> HttpResponse:
    desk = Desk(request)
    asked = request.GET.get("rule", "")
    opened = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 4 else None
    context = {
        "tab": "scoring",
        "section": "scoring",
        "categories": panels.categories(desk, opened),
        "has_rules": bool(scoring_forms.rules_of(desk.shown)),
        "thresholds": panels.panel(desk, ThresholdsPart()),
    }
    return page(request, "definitions/scoring.html", {**_frame(desk), **context})


def _frame(desk: Desk) -> dict[str, Any]:
    """Return what every page of the editor shows around its own part."""
    versions = DefinitionSet.objects.select_related("edited_by", "published_by")[:SHOWN_VERSIONS]
    return {
        "section": "definitions",
        "desk": desk,
        "definition": desk.shown,
        "draft": desk.draft,
        "live": desk.live,
        "editable": desk.editable,
        "versions": versions,
        "problem_links": list(panels.problem_links(desk)) if desk.editable else [],
    }


@require_safe
@figures_only
def rule_row(request: HttpRequest, index: int) -> HttpResponse:
    """Draw one rule, open for editing or closed."""
    desk, part = Desk(request), RulePart(index)
    if part.read(desk.shown) is None:
        raise Http404
    row = panels.rule_row(desk, part, is_open=request.GET.get("open") != "no")
    return page(request, "definitions/_rule.html", row)


@require_safe
@figures_only
def counts(request: HttpRequest, slug: str) -> HttpResponse:
    """Count the recent leads that meet each line of a condition."""
    part = find(slug)
    desk = Desk(request)
    value = part.read(desk.shown) if part else None
    if part is None or not panels.has_condition(part, value):
        raise Http404
    rows = walk(panels.condition_rows(desk, part))
    score = fresh_score(desk.shown, desk.live, desk.at, MOST_SCORED)
    found = matches({row.dom: row.json for row in rows}, desk.at, score)
    hits = [(f"{part.form}-{dom}-hit", number) for dom, number in found.items()]
    return page(request, "definitions/_counts.html", {"hits": hits})


@require_safe
@figures_only
def rule_matches(request: HttpRequest) -> HttpResponse:
    """Count the recent leads that each scoring rule gives points."""
    desk = Desk(request)
    rules = scoring_forms.rules_of(desk.shown)[:MAX_RULES]  # more than that are not to be published
    asked = {f"rule-{index}-hit": _earns(rule) for index, rule in enumerate(rules)}
    found = matches(asked, desk.at)
    return page(request, "definitions/_counts.html", {"hits": list(found.items())})


def _earns(rule: Any) -> Any:
    """Return the condition for a rule to give points."""
    if not isinstance(rule, dict):
        return rule
    kind = rule.get("per_event")
    return rule.get("when") if kind is None else {"event": kind, "op": "count_gte", "value": 1}


@require_safe
@figures_only
def bands(request: HttpRequest) -> HttpResponse:
    """Draw the scores of recent leads under the thresholds."""
    desk = Desk(request)
    thresholds = ThresholdsPart().read(desk.shown)
    spread = histogram.histogram(desk.shown, desk.live, thresholds, desk.at)
    context = {"spread": spread, "workspace": Workspace.current()}
    return page(request, "definitions/_bands.html", context)
