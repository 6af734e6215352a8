"""How many leads of the last 90 days meet each part of a condition, in one query."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count
from django.db.models.expressions import Combinable

from leads import conditions, scoring
from leads.conditions import ConditionError
from leads.models import DefinitionSet, Lead
from leads.querysets import LeadQuerySet

DAYS = 90
MOST_SCORED = 20_000  # leads scored anew while somebody waits; of more, the stored score is taken


def recent(at: datetime) -> LeadQuerySet:
    """Return the leads that came in the last 90 days."""
    return Lead.objects.counted(at).filter(created_at__gt=at - timedelta(days=DAYS))


def fresh_score(shown: DefinitionSet, live: DefinitionSet, at: datetime, most: int) -> Combinable | None:
    """Return the score by a draft's own model; None where the stored one is it, or has to do."""
    if not isinstance(shown.scoring, dict) or _rules_of(shown.scoring) == _rules_of(live.scoring):
        return None
    try:
        fresh = scoring.score({**shown.scoring, "thresholds": None}, at)
    except ConditionError:
        return None
    return fresh if not recent(at)[most : most + 1].exists() else None


def _rules_of(model: Any) -> Any:
    """Return what decides a score: all but the thresholds."""
    return (
        {key: value for key, value in model.items() if key != "thresholds"}
        if isinstance(model, dict)
        else model
    )


def matches(nodes: Mapping[str, Any], at: datetime, score: Combinable | None = None) -> dict[str, int | None]:
    """Return how many leads meet each condition; None for one that cannot be judged."""
    readable = {key: node for key, node in nodes.items() if _is_readable(node)}
    aliases = {f"n{index}": key for index, key in enumerate(readable)}
    totals = {
        alias: Count("pk", filter=conditions.where(readable[key], at, score=score))
        for alias, key in aliases.items()
    }
    found = recent(at).aggregate(**totals) if totals else {}
    return {**dict.fromkeys(nodes), **{aliases[alias]: number for alias, number in found.items()}}


def _is_readable(node: Any) -> bool:
    try:
        conditions.check(node)
    except ConditionError:
        return False
    return True
