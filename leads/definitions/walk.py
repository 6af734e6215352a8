"""The tests in a condition, whatever shape it is in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from leads.conditions.values import below
from leads.models import DefinitionSet

Json = dict[str, Any]


@dataclass(frozen=True)
class Leaf:
    """A test of a field or of events, and whether it is turned round by a `not` above it."""

    path: str
    raw: Json
    negated: bool


def leaves(raw: Any, path: str, *, negated: bool = False) -> Iterator[Leaf]:
    """Yield the tests of a condition that stands at `path`."""
    if isinstance(raw, list):
        for index, part in enumerate(raw):
            yield from leaves(part, below(path, index), negated=negated)
    elif isinstance(raw, dict) and ("field" in raw or "event" in raw):
        yield Leaf(path, raw, negated)
    elif isinstance(raw, dict):
        for name in ("all", "any", "not"):
            if name in raw:
                yield from leaves(raw[name], below(path, name), negated=negated ^ (name == "not"))


def conditions_of(definition: DefinitionSet) -> Iterator[tuple[str, Any]]:
    """Yield the conditions of a definition, wherever they stand, each with its path."""
    yield "icp", definition.icp
    stages = definition.stages if isinstance(definition.stages, dict) else {}
    for stage, spec in stages.items():
        if isinstance(spec, dict):
            yield f"stages.{stage}.when", spec.get("when")
    scoring = definition.scoring if isinstance(definition.scoring, dict) else {}
    rules = scoring.get("rules")
    for index, rule in enumerate(rules if isinstance(rules, list) else []):
        if isinstance(rule, dict):
            yield f"scoring.rules[{index}].when", rule.get("when")


def values_of(leaf: Leaf) -> Iterator[tuple[str, Any]]:
    """Yield the values of a test, each with its path."""
    value, path = leaf.raw.get("value"), below(leaf.path, "value")
    if isinstance(value, list):
        yield from ((below(path, index), one) for index, one in enumerate(value))
    elif value is not None:
        yield path, value
