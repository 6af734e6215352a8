"""The instant at which a condition is judged, as its sub-queries need it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F, OuterRef
from django.db.models.expressions import BaseExpression, Combinable

from leads.conditions.values import Number
from leads.models import Workspace


@dataclass(frozen=True)
class Moment:
    at: datetime | Combinable
    score: Combinable | None = None  # in place of the stored one

    @cached_property
    def zone(self) -> ZoneInfo:
        """Return the zone of times that name none."""
        return Workspace.current().zone

    def ago(self, days: Number) -> Any:
        """Return the instant so many times 24 hours before."""
        return self.at - timedelta(days=float(days))

    def from_inside(self, days: Number | None = None) -> Any:
        """Return the instant, or the one so many days before, for use in a sub-query of the lead."""
        return outer(self.at if days is None else self.ago(days))


def outer(value: Any) -> Any:
    """Return an expression over the lead as its sub-queries write it."""
    if isinstance(value, OuterRef):
        return OuterRef(value)
    if isinstance(value, F):
        return OuterRef(value.name)  # type: ignore[attr-defined]
    if isinstance(value, BaseExpression):
        copy = value.copy()
        copy.set_source_expressions([outer(part) for part in value.get_source_expressions()])
        return copy
    return value
