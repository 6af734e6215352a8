"""What is wrong with a bundle, kept so that a million bad rows cost no memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

LISTED = 1_000
LONGEST = 300


class BundleError(Exception):
    """The bundle was refused and nothing of it stored."""

    def __init__(self, problems: list[str], *, more: int = 0) -> None:
        self.problems = problems
        self.more = more
        super().__init__("\n".join([*problems, f"and {more:,} more"] if more else problems))


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong; they sort in the order in which a person reads the bundle."""

    file_number: int
    line: int
    column_number: int
    file: str
    column: str
    what: str

    def __str__(self) -> str:
        what = self.what if len(self.what) <= LONGEST else f"{self.what[:LONGEST]}…"
        place = f"{self.file}:{self.line}: "
        return f"{place}{self.column}: {what}" if self.column else place + what


@dataclass
class Problems:
    """All that was found so far: the first thousand of every kind, and how many there are."""

    order: list[str]
    incomplete: bool = False  # a file could not be read to its end: what it holds is not known
    found: list[Problem] = field(default_factory=list)
    count: int = 0
    _kept: Counter[str] = field(default_factory=Counter)

    def add(self, file: str, line: int, column: str, what: str, column_number: int = 0) -> None:
        """Note a problem of a row that is just being read."""
        self.count += 1
        self._kept[file] += 1
        if self._kept[file] <= LISTED:
            self._keep(file, line, column, what, column_number)

    def add_all(
        self, file: str, column: str, column_number: int, lines: list[tuple[int, str]], count: int
    ) -> None:
        """Note the first of `count` problems that a query found."""
        self.count += count
        for line, what in lines:
            self._keep(file, line, column, what, column_number)

    def _keep(self, file: str, line: int, column: str, what: str, column_number: int) -> None:
        self.found.append(Problem(self.order.index(file), line, column_number, file, column, what))

    def refuse(self) -> None:
        """Raise if anything was found."""
        if self.count:
            listed = [str(problem) for problem in sorted(self.found)[:LISTED]]
            raise BundleError(listed, more=self.count - len(listed))
