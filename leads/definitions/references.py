"""Channels, campaigns, landing pages and owners that a definition names and that do not exist."""

from __future__ import annotations

from collections import defaultdict

from leads.conditions.fields import FIELDS
from leads.conditions.kinds import Reference
from leads.definitions.found import WARNING, Problem
from leads.definitions.walk import conditions_of, leaves, values_of
from leads.models import DefinitionSet
from leads.text import Fold

MOST_ASKED = 1_000  # names in one query
NAMING = ("eq", "ne", "in", "not_in")
REFERENCES = {name: field.kind for name, field in FIELDS.items() if isinstance(field.kind, Reference)}


def missing(definition: DefinitionSet) -> list[Problem]:
    """Return where a definition names what is not there: odd, but it may come yet."""
    named: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for root, condition in conditions_of(definition):
        for leaf in leaves(condition, root):
            field = leaf.raw.get("field")
            if isinstance(field, str) and field in REFERENCES and leaf.raw.get("op") in NAMING:
                named[field] += [(path, value) for path, value in values_of(leaf) if isinstance(value, str)]
    return [problem for field, asked in named.items() for problem in _unknown(field, asked)]


def _unknown(field: str, asked: list[tuple[str, str]]) -> list[Problem]:
    kind = REFERENCES[field]
    folded = {value.casefold() for _, value in asked if _is_text(value)}
    rows = kind.model._default_manager.annotate(folded=Fold(kind.key))
    rows = rows.filter(folded__in=folded) if len(folded) <= MOST_ASKED else rows
    known = set(rows.order_by().values_list("folded", flat=True))
    return [
        Problem(path, f"there is no {FIELDS[field].label} {value!r:.100}", WARNING)
        for path, value in asked
        if _is_text(value) and value.casefold() not in known
    ]


def _is_text(value: str) -> bool:
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
