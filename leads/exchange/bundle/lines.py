"""The rows of a CSV file, each with the line on which it starts, in little memory whatever the file holds."""

from __future__ import annotations

import csv
from codecs import BOM_UTF8
from collections.abc import Iterator
from io import BufferedReader

from leads.exchange.bundle.problems import Problems
from leads.exchange.bundle.source import UNREADABLE

CELL_LIMIT = 1_000_000
LINE_LIMIT = 16_000_000
EXPLAINED = {
    "unexpected end of data": "a quote opens here and never closes",
    "field larger": f"a cell has more than {CELL_LIMIT:,} characters; does a quote never close?",
    "expected after": "text follows a closing quote; a quote inside a cell is doubled",
    "new-line character": "a line ends in CR alone; LF and CRLF are read",
}


class UnreadableError(Exception):
    """The file cannot be read on."""


class Rows:
    """Yields (line, cells) for each row of a file; notes where it cannot be read, and stops there."""

    def __init__(self, name: str, stream: BufferedReader, problems: Problems) -> None:
        self.name = name
        self.stream = stream
        self.problems = problems
        self.line = 0

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        csv.field_size_limit(CELL_LIMIT)
        start = 1
        try:
            for row in csv.reader(self._lines(), strict=True):
                if row:
                    yield start, row
                start = self.line + 1
        except csv.Error as error:
            self._stop(start, _explain(str(error)))
        except UnreadableError as error:
            self._stop(self.line + 1, str(error))

    def _stop(self, line: int, what: str) -> None:
        self.problems.add(self.name, line, "", what)
        self.problems.incomplete = True

    def _lines(self) -> Iterator[str]:
        """Yield the lines as text. Whether one is UTF-8 is found line by line, to say which is not."""
        line = self._read().removeprefix(BOM_UTF8)
        while line:
            self.line += 1
            try:
                text = line.decode()
            except UnicodeDecodeError as error:
                byte = f"0x{line[error.start]:02x}"
                self.problems.add(
                    self.name, self.line, "", f"is not UTF-8 (byte {error.start + 1} is {byte})"
                )
                text = line.decode(errors="replace")
            yield text
            line = self._read()

    def _read(self) -> bytes:
        try:
            line = self.stream.readline(LINE_LIMIT)
        except UNREADABLE as error:
            raise UnreadableError(f"cannot be read ({error})") from error
        if len(line) == LINE_LIMIT:
            raise UnreadableError(f"the line has more than {LINE_LIMIT:,} bytes")
        return line


def _explain(error: str) -> str:
    return next((ours for theirs, ours in EXPLAINED.items() if theirs in error), error)
