"""Import a CSV file of somebody else's making, through a mapping."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from leads.exchange import tables
from leads.exchange.tables import Fate, Kind, Mapping, NewWorkspace, Plan, Problem, RefusedRows, Tally
from leads.exchange.tables.mapping import check_zone


class Command(BaseCommand):
    help = "Import leads, opportunities, attempts, appointments or spend from a CSV file, through a mapping."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("table", choices=list(tables.TABLES))
        parser.add_argument("file", type=Path)
        parser.add_argument("--mapping", type=Path, required=True, help="see docs/import-table.md")
        parser.add_argument("--dry-run", action="store_true", help="check every row and store nothing")
        parser.add_argument(
            "--skip-errors", action="store_true", help="import the good rows, refuse the others"
        )
        parser.add_argument("--errors", type=Path, help="where refused rows go; by default FILE.errors.csv")
        parser.add_argument("--time-zone", help="of the workspace, where there is none yet")
        parser.add_argument("--currency", help="of the workspace, where there is none yet")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            mapping = tables.load(options["mapping"])
            plan = tables.read(options["table"], options["file"], mapping, new_workspace(mapping, options))
            self._run(plan, options)
        except tables.MappingError as error:
            raise CommandError(f"{options['mapping']}: {error}") from error
        except tables.TableError as error:
            raise CommandError(str(error)) from error

    def _run(self, plan: Plan, options: dict[str, Any]) -> None:
        for note in plan.notes:
            self.stdout.write(note)
        path = options["errors"] or plan.source.path.with_name(f"{plan.source.path.name}.errors.csv")
        with RefusedRows(path, plan.source) as refused:
            watch = self._watch(refused if options["skip_errors"] or options["errors"] else None, options)
            try:
                tally = self._take(plan, watch, options)
            except tables.RefusedError as error:
                self._report(plan, error.tally)
                raise CommandError(f"nothing was imported: {error}") from error
        self._report(plan, tally)
        if refused.is_made:
            self.stdout.write(f"the refused rows are in {path}")
        if options["dry_run"]:
            self.stdout.write("nothing was stored: this was a dry run")

    def _take(self, plan: Plan, watch: Callable[[Fate], None], options: dict[str, Any]) -> Tally:
        if options["dry_run"]:
            return plan.check(watch, self._progress)
        return plan.apply(
            timezone.now(), skip_errors=options["skip_errors"], watch=watch, progress=self._progress
        )

    def _watch(self, refused: RefusedRows | None, options: dict[str, Any]) -> Callable[[Fate], None]:
        """Return what sees every row: the file of refused ones, and at verbosity 2 the screen."""

        def watch(fate: Fate) -> None:
            if refused:
                refused.add(fate)
            if options["verbosity"] > 1:
                self.stdout.write(f"{fate.line}: {fate.kind} {fate.key}")

        return watch

    def _progress(self, rows: int, share: float) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{rows:,} rows, {share:.0%}", ending="\n" if share == 1 else "")
            self.stderr.flush()

    def _report(self, plan: Plan, tally: Tally) -> None:
        name = plan.source.path.name
        counts = ", ".join(f"{tally.kinds[kind]:,} {kind}" for kind in Kind if tally.kinds[kind])
        self.stdout.write(f"{name}: {counted(tally.rows, 'rows')}{': ' if counts else ''}{counts}")
        if tally.added:
            added = ", ".join(counted(number, what) for what, number in tally.added.items())
            self.stdout.write(f"added with them: {added}")
        self._list(name, "warnings", tally.warnings, tally.warning_count)
        self._list(name, "errors", tally.problems, tally.problem_count)

    def _list(self, name: str, what: str, problems: list[Problem], count: int) -> None:
        if not count:
            return
        self.stderr.write(f"{counted(count, what)}:")
        for problem in problems:
            self.stderr.write(f"  {name}:{problem}")
        if count > len(problems):
            self.stderr.write(f"  and {count - len(problems):,} more")


def counted(number: int, plural: str) -> str:
    return f"{number:,} {plural if number != 1 else plural.removesuffix('s')}"


def new_workspace(mapping: Mapping, options: dict[str, Any]) -> NewWorkspace | None:
    """Return the workspace to make where there is none: the mapping's, as the options change it."""
    given = mapping.workspace
    time_zone = options["time_zone"] or (given and given.time_zone)
    currency = options["currency"] or (given and given.currency)
    if not time_zone or not currency:
        return None
    check_zone(time_zone, "--time-zone")
    if not re.fullmatch("[A-Z]{3}", currency):
        raise CommandError(f"--currency: {currency!r} is not a currency code")
    return NewWorkspace(given.name if given else "My company", time_zone, currency)
