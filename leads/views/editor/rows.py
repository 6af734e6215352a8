"""A condition as rows to draw: groups, tests, and what cannot be shown as either."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from leads.conditions.fields import FIELDS
from leads.definitions.editing import ALL, ANY, EVENT, NONE, NOT_ALL
from leads.views.editor import choices
from leads.views.editor.choices import Option

KIND_NAMES = {
    ALL: "All of these",
    ANY: "Any of these",
    NONE: "None of these",
    NOT_ALL: "Not all of these",
}
VERBS = {ALL: "are true", ANY: "is true", NONE: "are true", NOT_ALL: "are true"}
LOOKS = {ALL: "", ANY: "or", NONE: "not", NOT_ALL: "not"}


@dataclass(kw_only=True)
class Row:
    """One line of the builder: its place in the form, and in the definition."""

    at: str
    path: str
    json: Any
    errors: dict[str, str] = dataclasses.field(default_factory=dict)  # by input; "" for the row as a whole
    warnings: list[str] = dataclasses.field(default_factory=list)
    mark: str = ""  # what the live version has here

    @property
    def dom(self) -> str:
        return self.at.replace(".", "-")

    @property
    def template(self) -> str:
        return f"definitions/_{type(self).__name__.lower()}.html"


@dataclass(kw_only=True)
class Group(Row):
    kind: str
    rows: list[Row]
    bare: bool = False  # its only part stands without a list around it

    @property
    def kinds(self) -> list[Option]:
        return list(KIND_NAMES.items())

    @property
    def verb(self) -> str:
        return VERBS[self.kind]

    @property
    def look(self) -> str:
        return LOOKS[self.kind]


@dataclass(kw_only=True)
class Test(Row):
    field: str
    op: str
    fields: list[tuple[str, list[Option]]]
    ops: list[Option]
    shape: str = "none"
    values: list[Value] = dataclasses.field(default_factory=list)
    options: list[Option] | None = None
    suggested: str = ""  # the field whose frequent values are suggested
    input_type: str = "text"
    is_number: bool = False
    is_blank: bool = False  # its value is an empty text or list on purpose
    within: str = ""

    @property
    def is_event(self) -> bool:
        return self.field == EVENT

    @property
    def name(self) -> str:
        return choices.name_of(self.field) if self.field in FIELDS else "Condition"

    @property
    def low(self) -> str:
        return self.values[0].text if self.values else ""

    @property
    def high(self) -> str:
        return self.values[1].text if len(self.values) > 1 else ""

    @property
    def values_json(self) -> str:
        return json.dumps([value.json for value in self.values])

    @property
    def left(self) -> list[Option]:
        """Return the options that are not chosen yet."""
        chosen = {value.text for value in self.values}
        return [option for option in self.options or [] if option[0] not in chosen]


@dataclass(kw_only=True)
class Value:
    json: Any
    text: str  # as an input holds it
    label: str


@dataclass(kw_only=True)
class Raw(Row):
    """What the builder has no widgets for: shown as it is written, kept as it is."""

    @property
    def text(self) -> str:
        return json.dumps(self.json, ensure_ascii=False)

    @property
    def posted(self) -> str:
        return json.dumps(self.json)


def walk(row: Row) -> Iterator[Row]:
    yield row
    if isinstance(row, Group):
        for part in row.rows:
            yield from walk(part)
