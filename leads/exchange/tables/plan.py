"""A file and its mapping, ready to be looked at or imported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from django.db import transaction

from leads.exchange.tables import bindings
from leads.exchange.tables.fates import Fate, Tally
from leads.exchange.tables.judge import Judge
from leads.exchange.tables.layout import TABLES
from leads.exchange.tables.mapping import Mapping, MappingError, NewWorkspace
from leads.exchange.tables.source import Source
from leads.exchange.tables.writing import Writer, hold_off_imports
from leads.models import DefinitionSet, Workspace

BATCH = 2_000

Watch = Callable[[Fate], None]
Progress = Callable[[int, float], None]


class RefusedError(Exception):
    """Rows were wrong, so nothing was stored."""

    def __init__(self, tally: Tally) -> None:
        super().__init__(f"{tally.errors:,} of {tally.rows:,} rows are wrong")
        self.tally = tally


class Plan:
    """What an import would do; `apply` does it."""

    def __init__(self, table: str, source: Source, mapping: Mapping, workspace: Workspace) -> None:
        self.table = TABLES[table]
        self.source = source
        self.workspace = workspace
        self._mapping = mapping
        self._bindings = bindings.bind(mapping, self.table, source.header, workspace.zone)
        self._is_left_out = bindings.left_out(mapping, source.header)
        self.notes = [*source.notes, *self._unused()]

    def fates(self) -> Iterator[Fate]:
        """Judge every row, one after the other, and store nothing."""
        for fates in self._judged(self._judge(), Tally(), None, None):
            yield from fates

    def check(self, watch: Watch | None = None, progress: Progress | None = None) -> Tally:
        """Judge every row, count the fates and store nothing."""
        tally = Tally()
        for _ in self._judged(self._judge(), tally, watch, progress):
            pass
        return tally

    @transaction.atomic
    def apply(
        self,
        at: datetime,
        *,
        skip_errors: bool = False,
        watch: Watch | None = None,
        progress: Progress | None = None,
    ) -> Tally:
        """Store all rows, or the good ones only; RefusedError where one is wrong and none may be skipped."""
        hold_off_imports()
        if not Workspace.objects.exists():
            self.workspace.save(force_insert=True)
        tally = Tally()
        judge = self._judge()
        writer = Writer(self.table, list(self._mapping.fields), DefinitionSet.current().key_fields, at)
        for fates in self._judged(judge, tally, watch, progress):
            if skip_errors or not tally.errors:
                writer.write(fates, judge.directories)
        if tally.errors and not skip_errors:
            raise RefusedError(tally)
        writer.finish()
        return tally

    def _judge(self) -> Judge:
        return Judge(self.table, self._bindings, len(self.source.header), self._is_left_out)

    def _judged(
        self, judge: Judge, tally: Tally, watch: Watch | None, progress: Progress | None
    ) -> Iterator[list[Fate]]:
        """Yield the fates batch by batch, counted and shown to those who watch."""
        for rows, share in self.source.batches(BATCH):
            fates = judge.fates(rows)
            for fate in fates:
                tally.count(fate)
                if watch:
                    watch(fate)
            yield fates
            tally.added = judge.added
            if progress:
                progress(tally.rows, share)

    def _unused(self) -> list[str]:
        used = self._mapping.columns
        unused = [name for name in self.source.header if name and name not in used]
        return [f"columns not used: {', '.join(unused)}"] if unused else []


def read(table: str, path: Path, mapping: Mapping, new_workspace: NewWorkspace | None = None) -> Plan:
    """Tie a file to a mapping; MappingError or TableError where they do not fit."""
    if mapping.table not in (None, table):
        raise MappingError("table", f"the mapping is for {mapping.table}, not for {table}")
    source = Source(path, mapping.file, mapping.columns)
    described = new_workspace or mapping.workspace
    workspace = workspace_for(described)
    if described and (workspace.time_zone, workspace.currency) != (described.time_zone, described.currency):
        source.notes.append(
            f"the workspace is there, in {workspace.time_zone} and {workspace.currency}: it stays so"
        )
    return Plan(table, source, mapping, workspace)


def workspace_for(new: NewWorkspace | None) -> Workspace:
    """Return the workspace; before there is one, an unsaved one as described."""
    workspace = Workspace.objects.first()
    if workspace is not None:
        return workspace
    if new is None:
        raise MappingError("workspace", "there is none yet: give its name, time_zone and currency")
    return Workspace(pk=1, name=new.name, time_zone=new.time_zone, currency=new.currency)
