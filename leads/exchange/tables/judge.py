"""Decides the fate of rows: new, update, unchanged, or what is wrong with them. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Model

from leads.exchange.tables.bindings import Binding
from leads.exchange.tables.fates import Fate, Kind
from leads.exchange.tables.filling import assign, make, rows_to_fill
from leads.exchange.tables.layout import KEY, LEAD, OF_LEAD, Table
from leads.exchange.tables.references import Directory
from leads.exchange.tables.source import Row
from leads.models import Campaign, Channel, Lead, Opportunity

CLOSED = (Opportunity.Status.WON, Opportunity.Status.LOST)


class Judge:
    """Judges the rows of one file in its order, batch by batch."""

    def __init__(
        self, table: Table, bindings: list[Binding], width: int, is_left_out: Callable[[list[str]], bool]
    ) -> None:
        self.table = table
        self._bindings = {binding.name: binding for binding in bindings}
        self._width = width
        self._is_left_out = is_left_out
        # Channels first: a new campaign needs the channel of its row.
        self._references = sorted(
            (binding for binding in bindings if binding.is_reference),
            key=lambda binding: binding.model is not Channel,
        )
        self.directories = {model: self._directory(model) for model in (b.model for b in self._references)}
        own = [name for name in self._bindings if not name.startswith(OF_LEAD)]
        self._stored = rows_to_fill(table.model, own)
        self._lines: dict[str, int] = {}  # of each key so far
        self._claims: dict[tuple[str, str], tuple[int, Any]] = {}  # who set a column of a lead, and to what

    @property
    def added(self) -> dict[str, int]:
        """Return how many rows of what the import makes beside its own."""
        counts = {str(model._meta.verbose_name_plural): d.added for model, d in self.directories.items()}
        return {what: count for what, count in counts.items() if count}

    def fates(self, rows: list[Row]) -> list[Fate]:
        """Return the fate of each row of a batch."""
        fates = [self._read(row) for row in rows]
        live = [fate for fate in fates if fate.kind is not Kind.LEFT_OUT]
        if Lead in self.directories:
            self.directories[Lead].load({fate.values[LEAD] for fate in live if fate.values.get(LEAD)})
        keys = {fate.key for fate in live}
        stored = {row.key: row for row in self._stored.filter(key__in=keys)}
        for fate in live:
            self._settle(fate, stored.get(fate.key))
        return fates

    def _directory(self, model: type[Model]) -> Directory:
        if model is Campaign:
            return Directory(Campaign.objects.select_related("channel"))
        of_lead = [name.removeprefix(OF_LEAD) for name in self._bindings if name.startswith(OF_LEAD)]
        return Directory(rows_to_fill(model, of_lead))

    def _read(self, row: Row) -> Fate:
        fate = Fate(row.line, row.cells)
        if self._is_left_out(row.cells):
            fate.kind = Kind.LEFT_OUT
        elif len(row.cells) != self._width:
            fate.refuse("", f"the row has {len(row.cells)} cells, the header {self._width}")
        else:
            self._read_values(fate)
        return fate

    def _read_values(self, fate: Fate) -> None:
        for name, binding in self._bindings.items():
            try:
                fate.values[name] = binding.value(fate.cells)
            except ValueError as error:
                fate.refuse(binding.label, str(error))
        fate.key = fate.values.pop(KEY, "")

    def _settle(self, fate: Fate, stored: Any) -> None:
        """Check what takes more than a cell to see, then fill the row."""
        if fate.key:
            self._check_key(fate, stored)
        for binding in self._references:
            self._look_up(fate, binding)
        if self.table.model is Opportunity:
            self._check_closing(fate, stored)
        if fate.problems:
            fate.kind = Kind.ERROR
            return
        for binding in self._references:
            self._add_missing(fate, binding)
        self._fill(fate, stored)

    def _check_key(self, fate: Fate, stored: Any) -> None:
        label = self._label(KEY)
        first = self._lines.setdefault(fate.key, fate.line)
        if first != fate.line:
            fate.refuse(label, f"{fate.key!r} is in line {first} already")
        if isinstance(stored, Lead) and stored.merged_into_id:
            fate.refuse(label, f"lead {fate.key!r} was merged into another")

    def _look_up(self, fate: Fate, binding: Binding) -> None:
        """Put the row referred to in the place of its key; one to be made keeps its key for now."""
        key = fate.values.get(binding.name)
        if key is None:
            return
        row = self.directories[binding.model].find(key)
        if row is None:
            self._check_missing(fate, binding, key)
        elif isinstance(row, Lead) and row.merged_into_id:
            fate.refuse(binding.label, f"lead {key!r} was merged into another")
        else:
            fate.values[binding.name] = row

    def _check_missing(self, fate: Fate, binding: Binding, key: str) -> None:
        if binding.field.create is None:
            fate.refuse(binding.label, f"unknown {binding.model._meta.verbose_name} {key!r}")
        elif binding.model is Campaign and fate.values.get(f"{binding.prefix}channel") is None:
            fate.refuse(binding.label, f"the new campaign {key!r} needs a channel")

    def _check_closing(self, fate: Fate, stored: Any) -> None:
        status = fate.values.get("status", getattr(stored, "status", None))
        closed_at = fate.values.get("closed_at", getattr(stored, "closed_at", None))
        if status in CLOSED and closed_at is None and not fate.problems:
            fate.refuse(self._label("closed_at"), f"a deal that is {status} needs a closing date")

    def _add_missing(self, fate: Fate, binding: Binding) -> None:
        key = fate.values.get(binding.name)
        if isinstance(key, str) and binding.field.create is not None:
            directory = self.directories[binding.model]
            channel = fate.values.get(f"{binding.prefix}channel")
            fate.values[binding.name] = directory.find(key) or directory.add(
                key, binding.field.create, channel
            )

    def _fill(self, fate: Fate, stored: Any) -> None:
        own = {name: value for name, value in fate.values.items() if not name.startswith(OF_LEAD)}
        if stored is None:
            fate.row = make(self.table.model, fate.key, own)
            fate.kind = Kind.NEW
        else:
            fate.row, fate.former_lead = stored, getattr(stored, "lead_id", None)
            fate.changed = assign(stored, own)
        if LEAD in own:
            fate.lead = own[LEAD]
            fate.lead_changed = assign(fate.lead, self._claimed(fate, own[LEAD]))
            self._warn_of_early(fate, own[LEAD])
        if stored is not None and (fate.changed or fate.lead_changed):
            fate.kind = Kind.UPDATE

    def _claimed(self, fate: Fate, lead: Lead) -> dict[str, Any]:
        """Return the columns of the lead that this row sets: the first row to give a value has it."""
        claimed = {}
        for name, value in fate.values.items():
            column = name.removeprefix(OF_LEAD)
            if column == name or value in (None, ""):
                continue
            line, first = self._claims.setdefault((lead.key, column), (fate.line, value))
            if line == fate.line:
                claimed[column] = value
            elif first != value:
                fate.warn(self._label(name), f"lead {lead.key!r} has its {column} from line {line} already")
        return claimed

    def _label(self, name: str) -> str:
        """Return what the file calls a field."""
        return self._bindings[name].label if name in self._bindings else name

    def _warn_of_early(self, fate: Fate, lead: Lead) -> None:
        for name in self.table.dated:
            at = getattr(fate.row, name)
            if at is not None and at < lead.created_at:
                fate.warn(self._label(name), f"{at:%Y-%m-%d %H:%M} UTC is before the lead's creation")
                return
