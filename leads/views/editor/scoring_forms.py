"""What forms make of a scoring model: rules new, changed, copied and gone."""

from __future__ import annotations

import copy
from typing import Any

from django.http import QueryDict
from django.utils.text import slugify

from leads.definitions import editing
from leads.definitions.editing import BLANK, Action
from leads.definitions.words import CATEGORIES, rule_name
from leads.models import DefinitionSet

DAILY_CAP = 20  # of a new rule, so that one busy day does not decide
NEW = "new-rule"
LONGEST_SLUG = 100
OPTIONAL = ("max", "half_life_days", "daily_cap")

Json = dict[str, Any]


def scoring_of(definition: DefinitionSet) -> Json:
    """Return a copy of a definition's scoring model, which may be changed."""
    return copy.deepcopy(definition.scoring) if isinstance(definition.scoring, dict) else {}


def rules_of(definition: DefinitionSet) -> list[Any]:
    """Return the rules themselves, in a list of their own: there may be many, and each looks among all."""
    rules = definition.scoring.get("rules") if isinstance(definition.scoring, dict) else None
    return list(rules) if isinstance(rules, list) else []


def mapping(scoring: Json, key: str) -> Json:
    found = scoring.get(key)
    return found if isinstance(found, dict) else {}


def optional(text: str) -> Any:
    """Return the number written, None where nothing is."""
    text = str(editing.clean(text)).strip()
    return editing.number(text) if text else None


def rule(data: QueryDict, rules: list[Any], index: int, action: Action) -> Json:
    """Return the rule a form holds; its name becomes its slug."""
    before = {"slug": str(editing.clean(data["slug"]))} if "slug" in data else {}
    others = [other for place, other in enumerate(rules) if place != index]
    made: Json = {"slug": _slug(data.get("name", ""), before, others), "category": data.get("category", "")}
    points = optional(data.get("points", ""))
    if points is not None:
        made["points"] = points
    if "per_event" not in data:
        return {**made, "when": editing.condition(data, action)}
    made["per_event"] = str(editing.clean(data["per_event"])).strip()
    limits = {key: optional(data.get(key, "")) for key in OPTIONAL}
    return {**made, **{key: value for key, value in limits.items() if value is not None}}


def _slug(name: str, before: Json, others: list[Any]) -> str:
    """Return the rule's slug: what it was, unless its name was changed."""
    name = str(editing.clean(name)).strip()
    if before and name == rule_name(before):
        return str(before["slug"])
    return unique(slugify(name, allow_unicode=True)[:LONGEST_SLUG], others)


def unique(slug: str, others: list[Any]) -> str:
    """Return the slug, with a number behind it if another rule has it."""
    taken = {other.get("slug") for other in others if isinstance(other, dict)}
    number, free = 2, slug
    while slug and free in taken:
        tail = f"-{number}"
        number, free = number + 1, slug[: LONGEST_SLUG - len(tail)] + tail
    return free


def added(rules: list[Any], category: str, *, counts_events: bool) -> list[Any]:
    """Return the rules with a new one, still to be filled in."""
    made: Json = {"slug": unique(NEW, rules), "category": category}
    if counts_events:
        return [*rules, {**made, "per_event": "", "daily_cap": DAILY_CAP}]
    return [*rules, {**made, "when": {"all": [dict(BLANK)]}}]


def copied(rules: list[Any], index: int) -> list[Any]:
    """Return the rules with a second of one behind it."""
    twin = copy.deepcopy(rules[index])
    if isinstance(twin, dict) and isinstance(twin.get("slug"), str):
        twin["slug"] = unique(twin["slug"], rules)
    return [*rules[: index + 1], twin, *rules[index + 1 :]]


def changed(rules: list[Any], action: Action) -> tuple[list[Any], int | None]:
    """Return the rules after a button's action, and which of them is to be opened."""
    if action.verb in ("fit", "event") and action.at in CATEGORIES:
        return added(rules, action.at, counts_events=action.verb == "event"), len(rules)
    index = editing.index(action.at)
    if index is None or index >= len(rules):
        return rules, None
    if action.verb == "copy":
        return copied(rules, index), index + 1
    if action.verb == "remove":
        return rules[:index] + rules[index + 1 :], None
    return rules, None
