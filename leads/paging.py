"""Pages of a list that never count the whole of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from rest_framework.exceptions import ValidationError

SIZE = 50
LAST = 10_000  # beyond it, filters serve better


@dataclass(frozen=True)
class Page:
    """One page of rows, and where its neighbours are."""

    rows: Sequence[Any]
    number: int
    has_next: bool
    link: Callable[[int], str]

    @property
    def first(self) -> int:
        return (self.number - 1) * SIZE + 1

    @property
    def last(self) -> int:
        return (self.number - 1) * SIZE + len(self.rows)

    @property
    def first_url(self) -> str:
        return self.link(1)

    @property
    def previous_url(self) -> str:
        return self.link(self.number - 1) if self.number > 1 else ""

    @property
    def next_url(self) -> str:
        return self.link(self.number + 1) if self.has_next else ""


def page_of(rows: QuerySet[Any], params: QueryDict) -> Page:
    """Return the page the address asks for, one row read ahead to know whether more follow."""
    number = page_number(params.get("page", "1"))
    start = (number - 1) * SIZE
    found = list(rows[start : start + SIZE + 1])
    return Page(found[:SIZE], number, len(found) > SIZE, lambda other: page_link(params, other))


def page_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= LAST):
        raise ValidationError({"page": [f"Use a whole number from 1 to {LAST:,}."]})
    return int(text)


def page_link(params: QueryDict, number: int) -> str:
    changed = params.copy()
    changed["page"] = str(number)
    return f"?{changed.urlencode()}"
