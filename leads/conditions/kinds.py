"""Kinds of field: which operations fit, what value they take, and how they become a filter."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil, floor
from typing import Any, ClassVar

from django.db.models import F, Model, Q, TextField, Value
from django.db.models.functions import Concat
from django.db.models.lookups import (
    Contains,
    EndsWith,
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    IsNull,
    LessThan,
    LessThanOrEqual,
    StartsWith,
)

from leads.conditions.moment import Moment
from leads.conditions.values import (
    ConditionError,
    Number,
    read_days,
    read_list,
    read_number,
    read_text,
    read_time,
    read_truth,
)
from leads.free_email import IsFree
from leads.text import Fold
from leads.times import parse_instant

TRUE = Q(Value(True))
FALSE = Q(Value(False))

NEGATIONS = {"ne": "eq", "not_in": "in"}  # on a filled field; on a blank one both sides are false
PRESENCE = {"is_set", "is_blank"}
EQUALITY = {"eq", "ne", *PRESENCE}
MEMBERSHIP = EQUALITY | {"in", "not_in"}
COMPARISON = MEMBERSHIP | {"gt", "gte", "lt", "lte", "between"}

LOOKUPS = {
    "eq": Exact,
    "contains": Contains,
    "starts_with": StartsWith,
    "ends_with": EndsWith,
    "gt": GreaterThan,
    "gte": GreaterThanOrEqual,
    "lt": LessThan,
    "lte": LessThanOrEqual,
}

WORDS = {
    "eq": "is {}",
    "ne": "is other than {}",
    "in": "is {}",
    "not_in": "is other than {}",
    "contains": "contains {}",
    "starts_with": "starts with {}",
    "ends_with": "ends with {}",
    "gt": "is more than {}",
    "gte": "is at least {}",
    "lt": "is less than {}",
    "lte": "is at most {}",
    "between": "is between {}",
    "is_set": "is filled",
    "is_blank": "is blank",
}


@dataclass(frozen=True, kw_only=True)
class Kind(ABC):
    """What fields of one type have in common.

    A filter is true or false and never unknown: `filled` guards whatever else may meet a NULL.
    """

    ops: ClassVar[set[str]]
    words: ClassVar[dict[str, str]] = WORDS
    most_values: ClassVar[int] = 100
    never_blank: bool = False

    def read(self, op: str, raw: Any, path: str) -> Any:
        """Return the checked value of an operation."""
        if op in PRESENCE:
            return self._read_nothing(raw, path)
        if op in ("in", "not_in"):
            return read_list(raw, path, self.read_one, self.most_values)
        if op == "between":
            return self._read_pair(raw, path)
        return self.read_one(raw, path)

    def _read_nothing(self, raw: Any, path: str) -> None:
        if raw is not None and raw is not True:
            raise ConditionError(path, "is_set and is_blank take no value")

    def _read_pair(self, raw: Any, path: str) -> list[Any]:
        pair = read_list(raw, path, self.read_one, self.most_values)
        if len(pair) != 2:
            raise ConditionError(path, "must be a list of two values, the lowest and the highest")
        return pair

    @abstractmethod
    def read_one(self, raw: Any, path: str) -> Any:
        """Return one checked value."""

    def where(self, expression: Any, op: str, value: Any, moment: Moment) -> Q:
        """Return the filter for an operation on a field."""
        filled = TRUE if self.never_blank else self.filled(expression)
        if op == "is_set":
            return filled
        if op == "is_blank":
            return ~filled
        if op in NEGATIONS:
            return filled & ~self.holds(expression, NEGATIONS[op], value, moment)
        return filled & self.holds(expression, op, value, moment)

    def filled(self, expression: Any) -> Q:
        return Q(IsNull(expression, False))

    @abstractmethod
    def holds(self, expression: Any, op: str, value: Any, moment: Moment) -> Q:
        """Return the filter for an operation that says what a filled field is."""

    def say(self, op: str, value: Any) -> str:
        """Return the operation in words, to stand after the field's name."""
        joint = " and " if op == "between" else " or "
        values = value if isinstance(value, list) else [value]
        return self.words[op].format(joint.join(map(self.say_one, values)) or "nothing")

    def say_one(self, value: Any) -> str:
        return str(value)


class Text(Kind):
    """Text, compared without case. Blank text is stored as an empty string."""

    ops = MEMBERSHIP | {"contains", "starts_with", "ends_with"}
    most_values = 1_000

    def read_one(self, raw: Any, path: str) -> str:
        return read_text(raw, path)

    def filled(self, expression: Any) -> Q:
        return ~Q(Exact(expression, Value("")))

    def holds(self, expression: Any, op: str, value: Any, moment: Moment) -> Q:
        if op == "in":
            return Q(In(self.fold(expression), _folded(value))) if value else FALSE
        return Q(LOOKUPS[op](self.fold(expression), value.casefold()))

    def fold(self, expression: Any) -> Any:
        return Fold(expression)

    def say_one(self, value: Any) -> str:
        return str(value) or "nothing"


@dataclass(frozen=True, kw_only=True)
class Choice(Text):
    """Text from a fixed list, which is folded already; `labels` are what people call its values."""

    labels: Mapping[str, str] = field(default_factory=dict)

    def fold(self, expression: Any) -> Any:
        return expression

    def say_one(self, value: Any) -> str:
        return self.labels.get(str(value).casefold(), super().say_one(value))


def _folded(values: list[str]) -> list[str]:
    return sorted({value.casefold() for value in values})


@dataclass(frozen=True, kw_only=True)
class Reference(Text):
    """The key of a row the lead points to."""

    model: type[Model]
    key: str = "key"

    def filled(self, expression: Any) -> Q:
        return Q(**{f"{expression.name}__isnull": False})

    def holds(self, expression: Any, op: str, value: Any, moment: Moment) -> Q:
        named = self.model._default_manager.filter(super().holds(F(self.key), op, value, moment))
        return Q(**{f"{expression.name}__in": named.order_by().values("pk")})


class Tags(Text):
    """Several texts with `;` between."""

    ops = MEMBERSHIP | {"contains"}
    most_values = 100
    words = WORDS | {
        "eq": "include {}",
        "contains": "include {}",
        "in": "include {}",
        "ne": "are filled and do not include {}",
        "not_in": "are filled and do not include {}",
        "is_set": "are filled",
        "is_blank": "are blank",
    }

    def read_one(self, raw: Any, path: str) -> str:
        tag = read_text(raw, path)
        if ";" in tag or not tag:
            raise ConditionError(path, "must be one tag, without a semicolon")
        return tag

    def holds(self, expression: Any, op: str, value: Any, moment: Moment) -> Q:
        fenced = Concat(Value(";"), Fold(expression), Value(";"), output_field=TextField())
        tags = _folded(value if op == "in" else [value])
        return Q(*(Contains(fenced, f";{tag};") for tag in tags), _connector=Q.OR) if tags else FALSE


class Whole(Kind):
    """A whole number; the values it is compared with need not be."""

    ops = COMPARISON

    def read_one(self, raw: Any, path: str) -> Number:
        return read_number(raw, path)

    def holds(self, expression: Any, op: str, value: Any, moment: Moment) -> Q:
        if op == "in":
            numbers = sorted({int(number) for number in value if number == int(number)})
            return self.one_of(expression, numbers, moment) if numbers else FALSE
        return self.within(expression, *_bounds(op, value), moment)

    def one_of(self, expression: Any, numbers: list[int], moment: Moment) -> Q:
        return Q(In(expression, numbers))

    def within(self, expression: Any, low: int | None, high: int | None, moment: Moment) -> Q:
        """Return the filter for a number from `low` to `high`, both included."""
        if low == high:
            return Q(Exact(expression, low))
        least = Q() if low is None else Q(GreaterThanOrEqual(expression, low))
        return least if high is None else least & Q(LessThanOrEqual(expression, high))


class Points(Whole):
    """A score. The stored one may be missing; one reckoned on the spot never is, so it is reckoned once."""

    def filled(self, expression: Any) -> Q:
        return super().filled(expression) if isinstance(expression, F) else TRUE


def _bounds(op: str, value: Any) -> tuple[int | None, int | None]:
    """Return the whole numbers an operation leaves: from and to, both included, None for no end."""
    if op == "between":
        return ceil(value[0]), floor(value[1])
    low, high = ceil(value), floor(value)
    match op:
        case "eq":
            return low, high
        case "gt":
            return high + 1, None
        case "gte":
            return low, None
        case "lt":
            return None, low - 1
        case _:
            return None, high


class Age(Whole):
    """Whole days since an instant, compared as the instant itself: exact, and an index serves it."""

    def read_one(self, raw: Any, path: str) -> Number:
        return read_days(raw, path)

    def one_of(self, expression: Any, numbers: list[int], moment: Moment) -> Q:
        return Q(*(self.within(expression, days, days, moment) for days in numbers), _connector=Q.OR)

    def within(self, expression: Any, low: int | None, high: int | None, moment: Moment) -> Q:
        old_enough = Q() if low is None else Q(LessThanOrEqual(expression, moment.ago(low)))
        return old_enough if high is None else old_enough & Q(GreaterThan(expression, moment.ago(high + 1)))


class Instant(Kind):
    """A date or time, in the workspace's zone if it names none; a bare date is its first instant."""

    ops = COMPARISON
    words = WORDS | {
        "gt": "is after {}",
        "gte": "is at or after {}",
        "lt": "is before {}",
        "lte": "is at or before {}",
    }

    def read_one(self, raw: Any, path: str) -> str:
        return read_time(raw, path)

    def holds(self, expression: Any, op: str, value: Any, moment: Moment) -> Q:
        def instant(text: str) -> datetime:
            return parse_instant(text, moment.zone)

        if op == "in":
            return Q(In(expression, [instant(text) for text in value])) if value else FALSE
        if op == "between":
            low, high = map(instant, value)
            return Q(GreaterThanOrEqual(expression, low), LessThanOrEqual(expression, high))
        return Q(LOOKUPS[op](expression, instant(value)))


class FreeMail(Kind):
    """Whether a mail domain is one of a free provider; blank without a domain."""

    ops = EQUALITY

    def read_one(self, raw: Any, path: str) -> bool:
        return read_truth(raw, path)

    def filled(self, expression: Any) -> Q:
        return ~Q(Exact(expression, Value("")))

    def holds(self, expression: Any, op: str, value: Any, moment: Moment) -> Q:
        return Q(IsFree(expression)) if value else ~Q(IsFree(expression))

    def say(self, op: str, value: Any) -> str:
        if op in PRESENCE:
            return self.words[op]
        return "is a free provider's" if value is (op == "eq") else "is not a free provider's"
