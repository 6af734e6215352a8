"""A CSV file somebody else wrote: how it is written, and its rows with their lines."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TextIO

from leads.exchange.tables.mapping import FileFormat

BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
DELIMITERS = ",;\t|"
CHUNK = 1 << 20


class TableError(ValueError):
    """Why a file cannot be read as a table at all."""


class Row(NamedTuple):
    line: int  # on which the row starts
    cells: list[str]


class Source:
    """A CSV file as rows. What its format leaves open is guessed, and said in `notes`."""

    def __init__(self, path: Path, file: FileFormat, columns: Collection[str]) -> None:
        self.path = path
        self.notes: list[str] = []
        self._size = _size(path)
        self.format = file
        self.encoding = file.encoding or self._guess_encoding()
        if codecs.lookup(self.encoding).name == "utf-8":
            self.encoding = "utf-8-sig"  # reads both, with a byte order mark and without
        self.delimiter = file.delimiter or self._guess_delimiter(columns)
        self._first = self._header(self.delimiter)
        self.header = [name.strip() for name in self._first.cells]
        self._check_header(columns)

    def batches(self, size: int) -> Iterator[tuple[list[Row], float]]:
        """Yield the rows in lists, each with the share of the file read by then."""
        with self._open() as stream:
            rows = (row for row in self._read(stream, self.delimiter) if row.line > self._first.line)
            while batch := list(islice(rows, size)):
                yield batch, stream.buffer.tell() / self._size

    def _header(self, delimiter: str) -> Row:
        with self._open() as stream:
            for row in self._read(stream, delimiter):
                return row
        raise TableError(f"{self.path.name} has no header")

    def _read(self, stream: TextIO, delimiter: str) -> Iterator[Row]:
        line = 1
        try:
            skipped = sum(1 for _ in range(self.format.skip_lines) if stream.readline())
            reader = csv.reader(stream, delimiter=delimiter, quotechar=self.format.quote, strict=True)
            line += skipped
            for cells in reader:
                if cells:
                    yield Row(line, cells)
                line = skipped + reader.line_num + 1
        except csv.Error as error:
            raise TableError(f"{self.path.name}:{line}: not readable as CSV: {error}") from error
        except UnicodeError as error:
            raise TableError(self._undecodable(line, error)) from error

    def _open(self) -> TextIO:
        return self.path.open(encoding=self.encoding, newline="")

    def _undecodable(self, line: int, error: UnicodeError) -> str:
        """Name the line of the bad byte; the decoder reads ahead, so its own is later."""
        if not self.encoding.startswith("utf-16"):
            with self.path.open("rb") as lines:
                line = next(n for n, text in enumerate(lines, 1) if not _is_valid(text, self.encoding))
        return f"{self.path.name}:{line}: not valid {self.encoding.removesuffix('-sig')}: {error}"

    def _guess_encoding(self) -> str:
        guess = guess_encoding(self.path)
        if not guess.startswith("utf-8"):
            self.notes.append(f"read as {guess}; if letters look wrong, set file.encoding in the mapping")
        return guess

    def _guess_delimiter(self, columns: Collection[str]) -> str:
        """Return the delimiter that gives the header most of the columns looked for."""

        def found(delimiter: str) -> tuple[int, int]:
            try:
                header = [name.strip() for name in self._header(delimiter).cells]
            except TableError:  # a quoted cell that ends in another delimiter
                return 0, 0
            return len(set(columns).intersection(header)), len(header)

        return max(DELIMITERS.replace(self.format.quote, ""), key=found)

    def _check_header(self, columns: Collection[str]) -> None:
        for name in columns:
            times = self.header.count(name)
            if times == 0:
                listed = ", ".join(self.header[:30])
                raise TableError(f"{self.path.name} has no column {name!r}; its columns are: {listed}")
            if times > 1:
                raise TableError(f"{self.path.name} has {times} columns named {name!r}")


def guess_encoding(path: Path) -> str:
    """Return the encoding that a byte order mark names, or the likeliest one that reads the file."""
    with path.open("rb") as stream:
        head = stream.read(1000)
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            return encoding
    if b"\0" in head:
        return "utf-16-le" if head[1:2] == b"\0" else "utf-16-be"
    return next(encoding for encoding in ("utf-8", "cp1252", "latin-1") if _decodes(path, encoding))


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_valid(text: bytes, encoding: str) -> bool:
    try:
        text.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _size(path: Path) -> int:
    try:
        return max(1, path.stat().st_size) if path.is_file() else _refuse(path)
    except OSError as error:
        raise TableError(f"cannot read {path}: {error.strerror}") from error


def _refuse(path: Path) -> int:
    raise TableError(f"{path} is not a file")
