"""Conditions that ask for what they are to decide.

A rule of the score that asks for score or stage is refused by the scoring model itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from leads.definitions.found import Problem
from leads.definitions.walk import Leaf, leaves, values_of
from leads.definitions.words import STAGES
from leads.models import Stage

RUNGS = [stage for stage, _ in Stage.rungs()]


def circles(stage: str, condition: Any) -> Iterator[Problem]:
    """Yield where the condition of a stage asks for that very stage, or only for later ones."""
    for leaf in leaves(condition, f"stages.{stage}.when"):
        if leaf.raw.get("field") == "stage":
            yield from _circle(stage, leaf)


def _circle(stage: str, leaf: Leaf) -> Iterator[Problem]:
    label = STAGES[stage]
    asked = {path: value.casefold() for path, value in values_of(leaf) if isinstance(value, str)}
    itself = [path for path, value in asked.items() if value == stage]
    for path in itself:
        yield Problem(path, f"asks for {label} itself, which this condition decides")
    later = RUNGS[RUNGS.index(stage) + 1 :]
    is_asked = leaf.raw.get("op") in ("eq", "in") and not leaf.negated
    if is_asked and asked and all(value in later for value in asked.values()):
        yield Problem(next(iter(asked)), f"asks for a stage that comes after {label}")
