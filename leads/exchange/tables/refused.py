"""The rows an import refused, written so that they can be put right and imported the same way."""

from __future__ import annotations

import csv
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from leads.exchange.tables.fates import Fate, Kind
from leads.exchange.tables.source import Source, TableError


class RefusedRows:
    """A CSV file like the source, with the line and the reasons added; made with the first refused row."""

    def __init__(self, path: Path, source: Source) -> None:
        self.path = path
        self._source = source
        self._stream: TextIO | None = None
        self._writer: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream:
            self._stream.close()

    @property
    def is_made(self) -> bool:
        return self._stream is not None

    def add(self, fate: Fate) -> None:
        """Write the row if it was refused."""
        if fate.kind is not Kind.ERROR:
            return
        if self._stream is None:
            self._open()
        missing = [""] * (len(self._source.header) - len(fate.cells))
        reasons = "; ".join(f"{p.column}: {p.reason}" if p.column else p.reason for p in fate.problems)
        self._writer.writerow([*fate.cells, *missing, fate.line, reasons])

    def _open(self) -> None:
        source = self._source
        try:
            self._stream = self.path.open("w", encoding=source.encoding, newline="")
        except OSError as error:
            raise TableError(f"cannot write {self.path}: {error.strerror}") from error
        self._stream.write("\n" * source.format.skip_lines)  # the mapping skips as many lines here
        self._writer = csv.writer(
            self._stream, delimiter=source.delimiter, quotechar=source.format.quote, lineterminator="\n"
        )
        self._writer.writerow([*source.header, "line", "reason"])
