"""What a definition asks of a lead before a stage, and what of it a lead lacks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Case, F, IntegerField, Value, When
from django.db.models.expressions import Combinable

from leads import scoring
from leads.conditions import sentence, where
from leads.models import DefinitionSet, Lead


def criteria(to: str, definition: DefinitionSet) -> list[Any]:
    """Return the conditions that must each hold: the parts of an `all`, else the whole condition."""
    return _parts(_stages(definition).get(to, {}).get("when"))


def _stages(definition: DefinitionSet) -> dict[str, Any]:
    return definition.stages or {}


def _parts(condition: Any) -> list[Any]:
    if not condition:
        return []
    if "all" not in condition:
        return [condition]
    return [part for inner in condition["all"] for part in _parts(inner)]


def is_automatic(to: str, definition: DefinitionSet) -> bool:
    return bool(_stages(definition).get(to, {}).get("mode") == "automatic")


def unmet(lead: Lead, to: str, at: datetime, definition: DefinitionSet | None = None) -> list[str]:
    """Return the criteria of a stage that a lead does not meet, by a score reckoned just now."""
    definition = definition or DefinitionSet.current()
    parts = criteria(to, definition)
    if not parts:
        return []
    held = _held(lead, parts, definition, at)
    return [sentence(part) for part, holds in zip(parts, held, strict=True) if not holds]


def _held(lead: Lead, parts: list[Any], definition: DefinitionSet, at: datetime) -> tuple[int, ...]:
    """Return for each condition whether it holds, all of them in one query."""
    score = F("fresh_score")
    tests = {
        f"part_{index}": Case(When(where(part, at, score=score), then=1), default=0)
        for index, part in enumerate(parts)
    }
    leads = Lead.objects.filter(pk=lead.pk).alias(fresh_score=_fresh(definition, at))
    row: tuple[int, ...] = leads.annotate(**tests).values_list(*tests).get()
    return row


def _fresh(definition: DefinitionSet, at: datetime) -> Combinable:
    if definition.scoring is None:
        return Value(None, output_field=IntegerField())
    return scoring.score(definition.scoring, at)
