"""What changed from one condition to another, in plain English.

Tests are matched within their group: the same first, then those of the same field and operator, then
those of the same field; groups with those they share most with.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from leads import conditions
from leads.conditions.values import ConditionError
from leads.definitions.words import field_label, operator_label, value_words

Json = dict[str, Any]
GROUPS = {"all": "all of", "any": "one of", "none": "none of", "not all": "not all of"}
TURNED = {"all": "not all", "any": "none", "none": "any", "not all": "all"}


@dataclass(frozen=True)
class Test:
    raw: Any
    negated: bool

    @property
    def field(self) -> Any:
        return (self.raw.get("field"), self.raw.get("event")) if isinstance(self.raw, dict) else None

    @property
    def op(self) -> Any:
        return self.raw.get("op"), self.negated

    @property
    def lists(self) -> bool:
        return self.raw.get("op") in ("in", "not_in") and isinstance(self.raw.get("value"), list)

    def words(self) -> str:
        return f"not ({self._plain()})" if self.negated else self._plain()

    def _plain(self) -> str:
        try:
            return conditions.sentence(self.raw)
        except ConditionError:
            return f"unfinished: {json.dumps(self.raw, ensure_ascii=False, default=str)[:100]}"


@dataclass(frozen=True)
class Group:
    kind: str
    parts: list[Node]

    def words(self) -> str:
        return f"{GROUPS[self.kind]} ({'; '.join(part.words() for part in self.parts) or 'nothing'})"


Node = Test | Group


def changes(old: Any, new: Any) -> list[str]:
    """Return what a condition lost and gained; None is one that asks for nothing."""
    if old == new:
        return []
    return list(_groups(_root(old), _root(new), is_root=True))


def _root(raw: Any) -> Group:
    node = _read(raw) if raw else Group("all", [])
    return node if isinstance(node, Group) else Group("all", [node])


def _read(raw: Any) -> Node:
    """Return the tree of a condition, right or wrong; a `not` belongs to what is in it."""
    if isinstance(raw, dict) and len(raw) == 1:
        [(name, inner)] = raw.items()
        if name in ("all", "any") and isinstance(inner, list):
            return Group(name, [_read(part) for part in inner])
        if name == "not":
            return _turned(_read(inner))
    return Test(raw, negated=False)


def _turned(node: Node) -> Node:
    if isinstance(node, Test):
        return Test(node.raw, not node.negated)
    return Group(TURNED[node.kind], node.parts)


def _groups(old: Group, new: Group, *, is_root: bool = False) -> Iterator[str]:
    if old.kind != new.kind:
        yield f"{GROUPS[old.kind]} → {GROUPS[new.kind]}: {'; '.join(part.words() for part in new.parts)}"
    name = "" if is_root and new.kind == "all" else GROUPS[new.kind]
    gone, come = list(old.parts), list(new.parts)
    _pairs(gone, come, lambda one, other: one == other)
    for match in (_same_test, _same_field):
        for one, other in _pairs(gone, come, match):
            yield f"{f'in {name}: ' if name else ''}{_change(one, other)}"
    for one, other in _similar(gone, come):
        yield from _groups(one, other)
    yield from (f"removed{f' from {name}' if name else ''}: {part.words()}" for part in gone)
    yield from (f"added{f' to {name}' if name else ''}: {part.words()}" for part in come)


def _pairs(gone: list[Node], come: list[Node], match: Callable[[Node, Node], bool]) -> list[tuple[Any, Any]]:
    """Take out of both lists what matches, each with its first match."""
    found = []
    for one in list(gone):
        other = next((part for part in come if match(one, part)), None)
        if other is not None:
            gone.remove(one)
            come.remove(other)
            found.append((one, other))
    return found


def _same_test(one: Node, other: Node) -> bool:
    return _same_field(one, other) and isinstance(one, Test) and one.op == other.op  # type: ignore[union-attr]


def _same_field(one: Node, other: Node) -> bool:
    if not (isinstance(one, Test) and isinstance(other, Test)):
        return False
    return one.field is not None and one.field == other.field and one.field != (None, None)


def _similar(gone: list[Node], come: list[Node]) -> list[tuple[Group, Group]]:
    """Take out of both lists groups that share a test, or are the only ones of their kind."""
    found = []
    for one in [part for part in gone if isinstance(part, Group)]:
        others = [part for part in come if isinstance(part, Group)]
        best = max(others, key=lambda other: (_shared(one, other), other.kind == one.kind), default=None)
        if best and (_shared(one, best) or (best.kind == one.kind and len(others) == 1)):
            gone.remove(one)
            come.remove(best)
            found.append((one, best))
    return found


def _shared(one: Group, other: Group) -> int:
    """Return how many tests two groups have about the same fields."""
    fields = [test.field for test in _tests(other)]
    return sum(test.field in fields for test in _tests(one))


def _tests(group: Group) -> Iterator[Test]:
    for part in group.parts:
        yield from [part] if isinstance(part, Test) else _tests(part)


def _change(old: Test, new: Test) -> str:
    """Say how a test changed."""
    if old.op == new.op and old.lists and new.lists:
        return _list_change(old, new)
    if "event" in new.raw or old.negated != new.negated or "value" not in old.raw or "value" not in new.raw:
        return f"{old.words()} → {new.words()}"
    field = new.raw["field"]
    before, after = _phrase(old), _phrase(new)
    if old.raw.get("op") == "eq":
        before = f"is {before}"
    return _in_not(new, f"{field_label(field)} {before} → {after}")


def _phrase(test: Test) -> str:
    """Return operator and value: "at least 50"; of "is", only the value."""
    field, value = test.raw["field"], test.raw["value"]
    op = operator_label(test.raw.get("op"), field).removeprefix("is").strip()
    values = value if isinstance(value, list) else [value]
    joint = " and " if test.raw.get("op") == "between" else ", "
    return f"{op} {joint.join(value_words(field, one) for one in values)}".strip()


def _list_change(old: Test, new: Test) -> str:
    before, after = ([_key(one) for one in test.raw["value"]] for test in (old, new))
    added = [f"+ {one}" for one in after if one not in before]
    removed = [f"− {one}" for one in before if one not in after]
    name = field_label(new.raw["field"])
    name = f"{name} none of" if new.raw["op"] == "not_in" else name
    return _in_not(new, f"{name}: {', '.join(added + removed) or 'listed in another way'}")


def _key(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _in_not(test: Test, text: str) -> str:
    return f"not: {text}" if test.negated else text
