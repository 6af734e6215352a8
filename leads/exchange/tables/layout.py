"""The tables that a mapping can fill, and their columns, read off the models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from functools import cached_property, partial
from typing import Any, TypeAlias

from django.db import models

from leads.exchange import cells
from leads.exchange.bundle.cells import check_fits
from leads.exchange.tables.mapping import Field, Numbers
from leads.models import Appointment, ContactAttempt, Lead, Opportunity, Spend

KEY = "id"
LEAD = "lead"
OF_LEAD = "lead."  # `lead.owner` is a column of the lead that a row belongs to
NOT_OFFERED = {"key", "merged_into"}
FIXED_ON_LEAD = {"created_at", "status"}
KEY_LENGTH = 200
MERGED_ONLY_IN_BUNDLES = {Lead.Status.MERGED}

Column: TypeAlias = "models.Field[Any, Any]"


@dataclass(frozen=True)
class Table:
    """A model to fill; `dated` are its instants that are odd before the lead's creation."""

    model: type[models.Model]
    dated: tuple[str, ...] = ()

    @cached_property
    def columns(self) -> dict[str, Column]:
        """Return the columns to fill by their name in a mapping, the key aside."""
        own = offered(self.model)
        return own | _of_lead() if LEAD in own else own

    @property
    def key(self) -> Column:
        key = self.model._meta.get_field("key")
        assert isinstance(key, models.Field)
        return key

    @property
    def required(self) -> list[str]:
        return [name for name, column in offered(self.model).items() if is_required(column)]


TABLES = {
    "leads": Table(Lead),
    "opportunities": Table(Opportunity, dated=("opened_at", "closed_at")),
    "attempts": Table(ContactAttempt, dated=("at",)),
    "appointments": Table(Appointment, dated=("booked_at",)),
    "spend": Table(Spend),
}


def offered(model: type[models.Model]) -> dict[str, Column]:
    """Return the columns that a person may set."""
    return {
        column.name: column
        for column in model._meta.fields
        if column.editable and not column.primary_key and column.name not in NOT_OFFERED
    }


def _of_lead() -> dict[str, Column]:
    return {OF_LEAD + name: column for name, column in offered(Lead).items() if name not in FIXED_ON_LEAD}


def is_required(column: Column) -> bool:
    return not column.blank and not column.has_default()


def blank(column: Column) -> Any:
    """Return what the column holds where a cell is blank."""
    return None if column.null else column.get_default()


def reader(column: Column, field: Field, zone: tzinfo) -> Callable[[str], Any]:
    """Return how a text becomes a value of the column; of a reference, its key."""
    match column:
        case models.ForeignKey():
            return partial(cells.text, limit=KEY_LENGTH)
        case models.DateTimeField():
            return partial(cells.instant, zone=field.zone or zone, formats=field.dates)
        case models.DateField():
            return partial(cells.day, formats=field.dates)
        case models.DecimalField() | models.PositiveIntegerField():
            return _number(column, field.numbers)
        case _:
            return _words(column)


def _number(column: Column, numbers: Numbers) -> Callable[[str], Any]:
    around = f"{numbers.strip} \u00a0\u202f"
    style = {"decimal": numbers.decimal, "thousands": numbers.thousands}
    if not isinstance(column, models.DecimalField):
        return lambda text: cells.whole(text.strip(around), **style)

    def money(text: str) -> Decimal:
        amount = cells.money(text.strip(around), **style)
        check_fits(amount, column)
        return amount

    return money


def _words(column: Column) -> Callable[[str], str]:
    if column.name == "currency":
        return cells.currency
    if column.choices:
        allowed = [value for value, _ in column.flatchoices if value not in MERGED_ONLY_IN_BUNDLES]
        return partial(cells.choice, choices=frozenset(allowed), listed=", ".join(allowed))
    return partial(cells.text, limit=column.max_length)
