"""The one language for what a lead must be: qualified, ideal, worth points, under an SLA.

A condition is JSON. It is read into a tree, which becomes one database filter, so that one lead and
a million are judged by the same code, or one English sentence.
"""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.db.models.expressions import Combinable

from leads.conditions.fields import FIELDS
from leads.conditions.moment import Moment
from leads.conditions.tree import read
from leads.conditions.values import ConditionError

__all__ = ["FIELDS", "ConditionError", "check", "sentence", "where"]


def check(condition: Any, *, forbid: Set[str] = frozenset()) -> None:
    """Raise a `ConditionError` naming the first thing wrong; `forbid` are fields that may not be used."""
    read(condition, forbid)


def where(condition: Any, at: datetime | Combinable, *, score: Combinable | None = None) -> Q:
    """Return the filter for a Lead queryset: who meets the condition at an instant.

    `at` may be an expression over the lead, such as `F("created_at")`: each is judged at its own
    instant. `score` replaces the stored score. The filter is true or false, never unknown, so `~` is plain.
    """
    return read(condition).where(Moment(at, score))


def sentence(condition: Any) -> str:
    """Return the condition in plain English."""
    return read(condition).words()
