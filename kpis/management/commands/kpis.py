"""Print the KPI report, lead scores, response clocks or attribution credits."""

from __future__ import annotations

import io
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from kpis import listings, printing, report, restating
from kpis.query import ReportQuery, parse
from leads.models import Workspace
from leads.times import parse_as_of

LISTS = ("scores", "sla", "credits")
FORMATS = {"json": printing.write_json, "csv": printing.write_csv, "table": printing.write_table}
PARAMETERS = (
    "from",
    "to",
    "as_of",
    "basis",
    "by",
    "grain",
    "filter",
    "attribution",
    "cost",
    "restated",
    "kpi",
)


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", help="first day of the period, such as 2026-01-01")
        parser.add_argument("--to", help="last day of the period, included")
        parser.add_argument("--as-of", help="the instant the report speaks of (default: now)")
        parser.add_argument("--basis", help="period (default) or cohort")
        parser.add_argument("--by", help="break down by channel, campaign, landing_page, …")
        parser.add_argument("--grain", help="add a series by day, week, month or quarter")
        parser.add_argument("--filter", action="append", help="name=value, repeatable")
        parser.add_argument("--attribution", help="attribution model (default: the workspace's)")
        parser.add_argument("--cost", help="shared (default), loaded or direct")
        parser.add_argument(
            "--restated", help="number of the version that says who is MQL; replays it if it must"
        )
        parser.add_argument("--kpi", action="append", help="only this KPI, repeatable")
        parser.add_argument("--format", choices=FORMATS, default="table")
        lists = parser.add_mutually_exclusive_group()
        lists.add_argument("--scores", action="store_true", help="every lead's score, as JSON")
        lists.add_argument("--sla", action="store_true", help="every lead's response clock, as JSON")
        lists.add_argument(
            "--credits", action="store_true", help="credits of every attribution model, as JSON"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        out = io.StringIO()  # Django's stdout would end every piece with a new line
        if any(options[name] for name in LISTS):
            printing.write_json(self._listing(options), out)
        else:
            query = self._query(options)
            self._restate(query)
            FORMATS[options["format"]](report.build(query), out)
        self.stdout.write(out.getvalue(), ending="")

    def _query(self, options: dict[str, Any]) -> ReportQuery:
        given = {name: options[name] for name in PARAMETERS if options[name] is not None}
        try:
            return parse(given)
        except ValidationError as error:
            raise CommandError(_spelt(error.detail)) from error

    def _restate(self, query: ReportQuery) -> None:
        """Replay the version that figures are restated under, unless that was done of late."""
        try:
            if query.restated:
                restating.ensure(query.restated, timezone.now())
        except ValidationError as error:
            raise CommandError(_spelt(error.detail)) from error

    def _listing(self, options: dict[str, Any]) -> dict[str, Any]:
        as_of = timezone.now()
        if options["as_of"]:
            try:
                as_of = parse_as_of(options["as_of"], Workspace.current().zone)
            except (ValueError, OverflowError):
                raise CommandError(f"--as-of: “{options['as_of']}” is not a date or time") from None
        if options["scores"]:
            return listings.scores(as_of)
        if options["sla"]:
            return listings.clocks(as_of)
        return self._credits(options, as_of)

    def _credits(self, options: dict[str, Any], as_of: Any) -> dict[str, Any]:
        if options["from"] is None and options["to"] is None:
            return listings.credits(None, None, as_of)
        query = self._query(options)
        return listings.credits(query.start, query.end, as_of)


def _spelt(detail: Any) -> str:
    """Return validation errors a line each, with the option they belong to."""
    lines = []
    for name, problems in detail.items():
        option = f"--{name.replace('_', '-')}"
        values = problems.values() if isinstance(problems, dict) else [problems]
        lines += [f"{option}: {problem}" for group in values for problem in group]
    return "\n".join(lines)
