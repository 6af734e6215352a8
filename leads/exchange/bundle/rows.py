"""Cells become values: the rows of one file as its staging table takes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo

from leads.exchange.bundle.cells import Reader, Value, reader_of
from leads.exchange.bundle.files import Column, Companion, File
from leads.exchange.bundle.problems import Problems

Cells = Iterator[tuple[int, list[str]]]


class TypedRows:
    """Reads the header, then yields rows; what is wrong with one is noted, and the row yielded as bad."""

    def __init__(self, file: File, cells: Cells, zone: tzinfo, problems: Problems) -> None:
        self.file = file
        self.cells = cells
        self.zone = zone
        self.problems = problems
        self.head = self._head()
        self.companions = self._companions()
        self.names = ["line", "bad", *(column.name for column in self.head)]
        self.names += [companion.name for _, companion in self.companions]

    def _head(self) -> list[Column]:
        """Return the columns in the order in which the file has them; none of a wrong header."""
        line, names = next(self.cells, (1, []))
        wrong = list(self._wrong_heads(names)) if names else [("", "a header is required")]
        for name, what in wrong:
            self.problems.add(self.file.name, line, name, what)
            self.problems.incomplete = True
        return [] if wrong else [self.file.column(name) for name in names]

    def _wrong_heads(self, names: list[str]) -> Iterator[tuple[str, str]]:
        for number, name in enumerate(names):
            if not self.file.has(name):
                yield (
                    name,
                    f"unknown column (there are {', '.join(column.name for column in self.file.columns)})",
                )
            elif name in names[:number]:
                yield name, "the column is there twice"
        for column in self.file.columns:
            if column.required and column.name not in names:
                yield column.name, "the column is missing"

    def _companions(self) -> list[tuple[int, Companion]]:
        names = [column.name for column in self.head]
        return [(names.index(each.of), each) for each in self.file.companions if each.of in names]

    def __iter__(self) -> Iterator[Sequence[Value]]:
        """Yield the rows. This loop is what the speed of an import hangs on."""
        plan = [(reader_of(column, self.zone), column.blank) for column in self.head]
        required = [number for number, column in enumerate(self.head) if column.required]
        companions = [(number, companion.compute) for number, companion in self.companions]
        width, zone = len(self.head), self.zone
        for line, cells in self.cells:
            if len(cells) != width:
                yield [line, 1, *self._salvage_ragged(line, cells)]
                continue
            try:
                for number in required:
                    if not cells[number]:
                        raise ValueError
                values = [
                    read(cell) if cell else blank for cell, (read, blank) in zip(cells, plan, strict=True)
                ]
                for number, compute in companions:
                    values.append(compute(cells[number], zone))
                yield [line, 0, *values]
            except ValueError:
                yield [line, 1, *self._salvage(line, cells, plan)]

    def _salvage(self, line: int, cells: list[str], plan: list[tuple[Reader, Value]]) -> Iterator[Value]:
        """Note what is wrong with a row; yield what of it can be read, so that other rows find it."""
        for cell, column, (read, blank) in zip(cells, self.head, plan, strict=True):
            try:
                if not cell and column.required:
                    raise ValueError("is required")
                yield read(cell) if cell else blank
            except ValueError as error:
                self._note(line, column, str(error))
                yield None
        for number, companion in self.companions:
            try:
                yield companion.compute(cells[number], self.zone)
            except ValueError as error:
                self._note(line, self.head[number], str(error))
                yield None

    def _salvage_ragged(self, line: int, cells: list[str]) -> Iterator[Value]:
        """Keep only the id of a row whose cells cannot be told apart."""
        what = f"has {len(cells)} cells where the header has {len(self.head)}"
        self.problems.add(self.file.name, line, "", what)
        for number, column in enumerate(self.head):
            is_id = column.name == "id" and number < len(cells) and 0 < len(cells[number]) <= 200
            yield cells[number].replace("\0", "") if is_id else None
        yield from [None] * len(self.companions)

    def _note(self, line: int, column: Column, what: str) -> None:
        number = self.file.columns.index(column)
        self.problems.add(self.file.name, line, column.name, what, number)
