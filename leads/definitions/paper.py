"""What a document is made of, whoever draws it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Text:
    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True)
class Heading:
    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True)
class Bullets:
    kind: ClassVar[str] = "bullets"
    items: list[str]


@dataclass(frozen=True)
class Table:
    kind: ClassVar[str] = "table"
    caption: str
    head: list[str]
    rows: list[list[str]]
    numbers: frozenset[int] = frozenset()  # columns to align on the right

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Return the heads, each with its class: the first column holds names unless it has no head."""
        styles = ["n" if index in self.numbers else "" for index in range(len(self.head))]
        styles[0] = "name" if self.head[0] else "place"
        return list(zip(self.head, styles, strict=True))

    @property
    def cells(self) -> list[list[tuple[str, bool]]]:
        return [[(cell, index in self.numbers) for index, cell in enumerate(row)] for row in self.rows]


Part = Text | Heading | Bullets | Table


@dataclass(frozen=True)
class Section:
    title: str
    parts: list[Part]


@dataclass(frozen=True)
class Document:
    title: str
    workspace: str
    facts: list[tuple[str, str]]
    sections: list[Section]
