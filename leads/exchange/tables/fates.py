"""What becomes of a row, and the count of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from leads.models import Lead

LISTED = 1000


class Kind(StrEnum):
    NEW = "new"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    LEFT_OUT = "left out"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong or odd, at a place of the file; no column means the whole row."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"{self.line}: {self.column}: {self.reason}" if self.column else f"{self.line}: {self.reason}"


@dataclass(slots=True)
class Fate:
    """One row of the file, and what an import makes of it."""

    line: int
    cells: list[str]
    kind: Kind = Kind.UNCHANGED
    key: str = ""
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict, repr=False)
    row: Any = None  # as it will be stored
    changed: set[str] = field(default_factory=set)
    lead: Lead | None = None  # the one the row belongs to, as it will be stored
    lead_changed: set[str] = field(default_factory=set)
    former_lead: int | None = None  # the one it belonged to before

    def refuse(self, column: str, reason: str) -> None:
        self.problems.append(Problem(self.line, column, reason))

    def warn(self, column: str, reason: str) -> None:
        self.warnings.append(Problem(self.line, column, reason))


@dataclass
class Tally:
    """The fates of a file, counted; the first problems and warnings are kept."""

    kinds: Counter[Kind] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    warnings: list[Problem] = field(default_factory=list)
    warning_count: int = 0
    added: dict[str, int] = field(default_factory=dict)  # such as {"channels": 3}

    @property
    def rows(self) -> int:
        return self.kinds.total()

    @property
    def errors(self) -> int:
        return self.kinds[Kind.ERROR]

    def count(self, fate: Fate) -> None:
        self.kinds[fate.kind] += 1
        self.problem_count += len(fate.problems)
        self.warning_count += len(fate.warnings)
        self.problems += fate.problems[: LISTED - len(self.problems)]
        self.warnings += fate.warnings[: LISTED - len(self.warnings)]
