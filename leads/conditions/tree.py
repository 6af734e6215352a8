"""A condition as a tree: read from JSON once, then a filter or a sentence."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import Exists, Q
from django.db.models.lookups import GreaterThanOrEqual

from leads.conditions import facts
from leads.conditions.fields import FIELDS, Field
from leads.conditions.kinds import FALSE, TRUE
from leads.conditions.moment import Moment
from leads.conditions.values import (
    MAX_DAYS,
    ConditionError,
    Number,
    below,
    event_words,
    read_number,
    read_text,
    read_whole,
)

MAX_DEPTH = 12  # SQLite reads brackets up to about 100 deep, and a level is up to five
MAX_SIZE = 2_000
MAX_TESTS = 100  # SQLite takes expressions up to 1,000 deep, and a test may be several of them


class Node(Protocol):
    def where(self, moment: Moment) -> Q: ...

    def words(self) -> str: ...

    def size(self) -> int:
        """Return about how many values it hands to the database."""
        ...


@dataclass(frozen=True)
class Group:
    parts: list[Node]

    def size(self) -> int:
        return sum(part.size() for part in self.parts)


class All(Group):
    def where(self, moment: Moment) -> Q:
        return Q(*(part.where(moment) for part in self.parts)) if self.parts else TRUE

    def words(self) -> str:
        return " and ".join(_inside(part, AnyOf) for part in self.parts) or "always"


class AnyOf(Group):
    def where(self, moment: Moment) -> Q:
        return Q(*(part.where(moment) for part in self.parts), _connector=Q.OR) if self.parts else FALSE

    def words(self) -> str:
        return " or ".join(_inside(part, All) for part in self.parts) or "never"


@dataclass(frozen=True)
class Not:
    part: Node

    def where(self, moment: Moment) -> Q:
        return ~self.part.where(moment)

    def words(self) -> str:
        return f"not ({self.part.words()})"

    def size(self) -> int:
        return self.part.size()


@dataclass(frozen=True)
class Test:
    """A field compared with a value."""

    field: Field
    op: str
    value: Any

    def where(self, moment: Moment) -> Q:
        return self.field.kind.where(self.field.of(moment), self.op, self.value, moment)

    def words(self) -> str:
        return f"{self.field.label} {self.field.kind.say(self.op, self.value)}"

    def size(self) -> int:
        return 1 + len(self.value) if isinstance(self.value, list) else 2


@dataclass(frozen=True)
class Events:
    """At least so many behaviour events of a kind, or fewer."""

    kind: str
    fewer: bool
    number: int
    within_days: Number | None

    def where(self, moment: Moment) -> Q:
        return ~self._enough(moment) if self.fewer else self._enough(moment)

    def _enough(self, moment: Moment) -> Q:
        if self.number == 0:
            return TRUE
        rows = facts.events(moment, self.within_days).filter(kind=self.kind)
        return Q(Exists(rows) if self.number == 1 else GreaterThanOrEqual(facts.count(rows), self.number))

    def words(self) -> str:
        bound = "fewer than" if self.fewer else "at least"
        events = "event" if self.number == 1 else "events"
        span = "ever" if self.within_days is None else f"in the last {self.within_days:g} days"
        return f"{bound} {self.number} {event_words(self.kind)} {events} {span}"

    def size(self) -> int:
        return 4


def _inside(part: Node, other: type[Group]) -> str:
    """Return the words of a part, in brackets where `and` meets `or`."""
    mixed = isinstance(part, other) and len(part.parts) > 1
    return f"({part.words()})" if mixed else part.words()


def read(condition: Any, forbid: Set[str] = frozenset(), path: str = "") -> Node:
    """Return the tree of a condition that stands at `path`; none at all is true."""
    if condition is None:
        return All([])
    node = _Reader(forbid).node(condition, path, 1)
    if node.size() > MAX_SIZE:
        raise ConditionError(path, f"holds more than {MAX_SIZE:,} values")
    return node


class _Reader:
    def __init__(self, forbid: Set[str]) -> None:
        self.forbid = forbid
        self.tests = 0

    def node(self, raw: Any, path: str, depth: int) -> Node:
        if not isinstance(raw, dict):
            raise ConditionError(path, "must be an object")
        if depth > MAX_DEPTH:
            raise ConditionError(path, f"is nested more than {MAX_DEPTH} deep")
        if "field" in raw:
            return self.test(raw, path)
        if "event" in raw:
            return self.events(raw, path)
        return self.group(raw, path, depth)

    def group(self, raw: dict[str, Any], path: str, depth: int) -> Node:
        if not raw:
            return All([])
        name = next((name for name in ("all", "any", "not") if name in raw), None)
        if name is None:
            raise ConditionError(path, "needs one of all, any, not, field, event")
        _only(raw, {name}, path)
        if name == "not":
            return Not(self.node(raw["not"], below(path, "not"), depth + 1))
        parts = self.parts(raw[name], below(path, name), depth + 1)
        return All(parts) if name == "all" else AnyOf(parts)

    def parts(self, raw: Any, path: str, depth: int) -> list[Node]:
        if not isinstance(raw, list):
            raise ConditionError(path, "must be a list of conditions")
        if len(raw) > MAX_TESTS:
            raise ConditionError(path, f"may hold at most {MAX_TESTS} conditions")
        return [self.node(part, below(path, index), depth) for index, part in enumerate(raw)]

    def test(self, raw: dict[str, Any], path: str) -> Test:
        _only(raw, {"field", "op", "value"}, path)
        self.count(path)
        field = self.field(raw["field"], below(path, "field"))
        op = raw.get("op")
        if not isinstance(op, str) or op not in field.kind.ops:
            raise ConditionError(below(path, "op"), f"must be one of {', '.join(sorted(field.kind.ops))}")
        return Test(field, op, field.kind.read(op, raw.get("value"), below(path, "value")))

    def field(self, name: Any, path: str) -> Field:
        if not isinstance(name, str) or name not in FIELDS:
            raise ConditionError(path, f"{name!r:.100} is not a field")
        if name in self.forbid:
            raise ConditionError(path, f"{name} may not be used here, for it would depend on itself")
        return FIELDS[name]

    def events(self, raw: dict[str, Any], path: str) -> Events:
        _only(raw, {"event", "op", "value", "within_days"}, path)
        self.count(path)
        kind = read_text(raw["event"], below(path, "event"))
        op = raw.get("op")
        if not kind:
            raise ConditionError(below(path, "event"), "must not be blank")
        if op not in ("count_gte", "count_lt"):
            raise ConditionError(below(path, "op"), "must be count_gte or count_lt")
        days = raw.get("within_days")
        if days is not None:
            days = read_number(days, below(path, "within_days"), least=0, most=MAX_DAYS)
        return Events(kind, op == "count_lt", read_whole(raw.get("value"), below(path, "value")), days)

    def count(self, path: str) -> None:
        self.tests += 1
        if self.tests > MAX_TESTS:
            raise ConditionError(path, f"is more than {MAX_TESTS} tests")


def _only(raw: dict[str, Any], keys: set[str], path: str) -> None:
    unknown = next((key for key in raw if key not in keys), None)
    if unknown is not None:
        raise ConditionError(below(path, str(unknown)), "is not known here")
