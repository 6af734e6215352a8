"""Suggested points become a draft's: never more than that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from leads.backtest import rules_of
from leads.definitions import versions
from leads.definitions.refusals import DefinitionError
from leads.definitions.words import rule_name
from leads.models import DefinitionSet, PredictiveModel, User
from leads.prediction.suggestions import OFFERED, Suggestion, with_points

Rule = dict[str, Any]


def offered(model: PredictiveModel, definition: DefinitionSet) -> dict[str, Suggestion]:
    """Return the suggestions that can be taken over: their rules are in the version as they were."""
    rules = {rule["slug"]: rule for rule in rules_of(definition)}
    return {
        each["rule"]["slug"]: each
        for each in model.suggestions
        if each["verdict"] in OFFERED and rules.get(each["rule"]["slug"]) == each["rule"]
    }


@transaction.atomic
def take(model: PredictiveModel, slugs: Sequence[str], *, by: User | None, at: datetime) -> DefinitionSet:
    """Put the suggested points of these rules into the draft, which is started if there is none."""
    if not slugs:
        raise DefinitionError("Tick the rules whose points the draft should take over.")
    draft = versions.start(by=by, at=at)
    suggested = {each["rule"]["slug"]: each for each in model.suggestions if each["verdict"] in OFFERED}
    rules = {rule["slug"]: rule for rule in rules_of(draft)}
    changed = {slug: _changed(slug, suggested, rules) for slug in slugs}
    scoring: Any = draft.scoring
    kept = [changed.get(_slug(rule), rule) for rule in scoring["rules"]]
    values = {"scoring": {**scoring, "rules": kept}}
    return versions.save(draft, values, by=by, at=at, revision=draft.revision)


def _changed(slug: str, suggested: Mapping[str, Suggestion], rules: Mapping[str, Rule]) -> Rule:
    """Return a rule with its suggested points, unless it is another one by now."""
    name = rule_name({"slug": slug})
    each = suggested.get(slug)
    if each is None or each["suggested"] is None:
        raise DefinitionError(f"No points are suggested for {name}.")
    changed = with_points(each["rule"], each["suggested"])
    if slug not in rules:
        raise DefinitionError(f"{name} is not in the draft any more.")
    if rules[slug] not in (each["rule"], changed):
        raise DefinitionError(f"{name} was changed in the draft meanwhile: train again, or untick it.")
    return changed


def _slug(rule: Any) -> str:
    return rule.get("slug", "") if isinstance(rule, dict) and isinstance(rule.get("slug"), str) else ""
