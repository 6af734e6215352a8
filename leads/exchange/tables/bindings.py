"""A mapping tied to a file and a table: from the cells of a row to the values of its columns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from django.db import models

from leads.exchange.tables import layout
from leads.exchange.tables.layout import KEY, Table
from leads.exchange.tables.mapping import PLACE, Field, Mapping, MappingError
from leads.models import Channel, Lead

CREATABLE = ("channel", "campaign", "landing_page", "owner", "by")


class Binding:
    """One field of the mapping: reads its value out of a row's cells."""

    def __init__(self, field: Field, column: layout.Column, header: list[str], zone: tzinfo) -> None:
        self.field = field
        self.column = column
        self.name = field.name
        self.label = " + ".join(field.columns) or field.name
        self._required = field.name == KEY or (not self.prefix and layout.is_required(column))
        self._blank = layout.blank(column)
        self._text = _text(field, header)
        self._read = layout.reader(column, field, zone)

    @property
    def is_reference(self) -> bool:
        return isinstance(self.column, models.ForeignKey)

    @property
    def model(self) -> type[models.Model]:
        """Return what a reference points at."""
        model = self.column.related_model
        assert model is not None, "Asked of references only."
        return model

    @property
    def prefix(self) -> str:
        return layout.OF_LEAD if self.name.startswith(layout.OF_LEAD) else ""

    def value(self, cells: list[str]) -> Any:
        """Return the value; ValueError says what is wrong with the cell."""
        text = self.field.meaning(self._text(cells))
        if text:
            return self._read(text)
        if self._required:
            raise ValueError("is required")
        return self._blank


def bind(mapping: Mapping, table: Table, header: list[str], zone: tzinfo) -> list[Binding]:
    """Tie the fields to the columns of the table and of the file; MappingError if they do not fit."""
    bindings = []
    for name, field in mapping.fields.items():
        column = table.key if name == KEY else table.columns.get(name)
        if column is None:
            raise MappingError(field.path, _unknown(name, [KEY, *table.columns]))
        _check_create(field, column)
        binding = Binding(field, column, header, zone)
        if field.value is not None:
            _check_constant(binding)
        bindings.append(binding)
    missing = [name for name in table.required if name not in mapping.fields]
    if missing:
        raise MappingError("fields", f"{', '.join(missing)} must be given")
    return bindings


def left_out(mapping: Mapping, header: list[str]) -> Callable[[list[str]], bool]:
    """Return a test for the rows that the mapping passes over, such as totals."""
    rules = [(header.index(name), patterns) for name, patterns in mapping.leave_out.items()]
    return lambda cells: any(
        place < len(cells) and fnmatchcase(cells[place].strip(), pattern)
        for place, patterns in rules
        for pattern in patterns
    )


def _text(field: Field, header: list[str]) -> Callable[[list[str]], str]:
    """Return how the text of a field is put together from a row's cells."""
    if field.value is not None:
        constant = field.value
        return lambda cells: constant
    if field.column:
        place = header.index(field.column)
        return lambda cells: cells[place].strip()
    template = field.template or ""
    places = {name: header.index(name) for name in field.columns}

    def compose(cells: list[str]) -> str:
        if not any(cells[place].strip() for place in places.values()):
            return ""
        return PLACE.sub(lambda match: cells[places[match[1]]].strip(), template).strip()

    return compose


def _unknown(name: str, names: list[str]) -> str:
    close = get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"
    return f"no such field; {hint}"


def _check_create(field: Field, column: layout.Column) -> None:
    create = field.create
    if create is None:
        return
    if not isinstance(column, models.ForeignKey) or column.related_model is Lead:
        raise MappingError(f"{field.path}.create", f"only for {', '.join(CREATABLE)}")
    if (create.kind or create.kinds) and column.related_model is not Channel:
        raise MappingError(f"{field.path}.create", "only a channel has a kind")


def _check_constant(binding: Binding) -> None:
    try:
        binding.value([])
    except ValueError as error:
        raise MappingError(f"{binding.field.path}.value", str(error)) from error
