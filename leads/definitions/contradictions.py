"""Conditions that no lead can ever meet: what contradicts what within one `all`.

Nested alls are one. An alternative of an `any` is judged together with all that must hold beside it.
Nothing is called a contradiction that the database could answer with a lead.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from leads import conditions
from leads.conditions.values import below
from leads.definitions import possible
from leads.definitions.found import ERROR, WARNING, Problem
from leads.definitions.possible import Literal
from leads.definitions.words import listed

Json = dict[str, Any]


@dataclass(frozen=True)
class Contradiction:
    """A test that cannot hold, alone or beside others that must hold too."""

    at: Literal
    beside: list[Literal]
    level: str

    @property
    def never(self) -> Json:
        """Return the condition that no lead meets."""
        return {"all": [literal.condition for literal in [*self.beside, self.at]]}

    @property
    def problem(self) -> Problem:
        return Problem(_field_path(self.at), self._message(), self.level)

    def _message(self) -> str:
        if not self.beside:
            return possible.why_never(self.at)
        others = (f"“{conditions.sentence(other.condition)}”" for other in self.beside)
        return f"contradicts {listed(others)}"


def contradictions(condition: Any, path: str = "") -> list[Problem]:
    """Return what can never hold in a condition that is well formed."""
    return [found.problem for found in find(condition, path)]


def find(condition: Any, path: str = "") -> Iterator[Contradiction]:
    if condition:
        yield from _search(Literal(condition, path), [], ERROR)


def _field_path(literal: Literal) -> str:
    """Return the path of the input that is wrong: the value, of a test without one the operator."""
    inner = literal
    while "not" in inner.raw:
        inner = Literal(inner.raw["not"], below(inner.path, "not"))
    key = next((key for key in ("value", "op", "any", "all") if key in inner.raw), "")
    return below(inner.path, key) if key else inner.path


def _search(root: Literal, outside: list[Literal], level: str) -> Iterator[Contradiction]:
    """Judge what must hold together: the literals of a condition beside those around it."""
    holding = list(outside)
    literals = list(_flattened(root))
    for literal in literals:
        found = _against(literal, holding, level)
        if found:
            yield found
        else:
            holding.append(literal)
    for literal in literals:
        yield from _shut_out(literal, holding, level)
        if literal.is_group:
            yield from _inside(literal, [other for other in holding if other is not literal], level)


def _shut_out(group: Literal, holding: list[Literal], level: str) -> Iterator[Contradiction]:
    """Yield a `not` that shuts out what must hold: each of the parts that it denies does hold."""
    parts = group.raw.get("all", []) if group.is_group and group.negated else []
    culprits: list[Literal] = []
    for part in parts:
        denied = _flattened(Literal(part, group.path, negated=True))
        found = next(filter(None, (_against(one, holding, level) for one in denied)), None)
        if found is None:
            return
        culprits += [other for other in found.beside if other not in culprits]
    if culprits:
        yield Contradiction(group, culprits, level)


def _inside(group: Literal, beside: list[Literal], level: str) -> Iterator[Contradiction]:
    """Judge the alternatives of an `any`; what a `not` shuts out only for itself, and it does no harm."""
    if group.negated:
        yield from _search(Literal(group.raw, group.path), [], WARNING)
        return
    for index, part in enumerate(group.raw["any"]):
        yield from _search(Literal(part, below(below(group.path, "any"), index)), beside, level)


def _flattened(literal: Literal) -> Iterator[Literal]:
    """Yield what must hold for this to hold: tests, and groups of which one part is enough."""
    raw, path, negated = literal.raw, literal.path, literal.negated
    if "not" in raw:
        yield from _flattened(Literal(raw["not"], below(path, "not"), not negated))
        return
    name = "any" if negated else "all"
    parts = raw.get(name)
    if parts is None and not literal.is_test:
        name = "all" if negated else "any"
        only = raw.get(name, [])
        parts = only if len(only) == 1 else None
    if parts is None:
        yield from [literal] if raw else []
        return
    for index, part in enumerate(parts):
        yield from _flattened(Literal(part, below(below(path, name), index), negated))


def _against(literal: Literal, holding: list[Literal], level: str) -> Contradiction | None:
    """Return how a literal contradicts itself or those that hold, naming as few of them as it can."""
    if not possible.together([literal]):
        return Contradiction(literal, [], level)
    related = [other for other in holding if _is_related(other, literal)]
    if possible.together([*related, literal]):
        return None
    for other in related:
        if not possible.together([other, literal]):
            return Contradiction(literal, [other], level)
    return Contradiction(literal, related, level)


def _is_related(one: Literal, other: Literal) -> bool:
    if one.is_test and other.is_test:
        return one.subject == other.subject
    return _same(one.raw, other.raw)


def _same(one: Json, other: Json) -> bool:
    return json.dumps(one, sort_keys=True, default=str) == json.dumps(other, sort_keys=True, default=str)
