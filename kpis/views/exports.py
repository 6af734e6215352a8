"""Figures and rows as CSV, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_safe

from kpis import report
from kpis.catalog import KPIS
from kpis.printing import RISKY, write_csv
from kpis.query import parse
from kpis.rows import Rows
from kpis.views.frame import Frame
from kpis.views.kpi import Selection
from leads.views.access import figures_only

BOM = "\ufeff"  # tells spreadsheets that this is UTF-8
CSV = "text/csv; charset=utf-8"
CHUNK = 2000


class Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


@require_safe
@figures_only
def report_csv(request: HttpRequest) -> HttpResponse:
    """Export the figures of the page, with `by` broken down."""
    frame = Frame(request)
    asked = frame.asked()
    for name in ("by", "kpi"):
        asked.setlist(name, request.GET.getlist(name))
    query = parse(asked, frame.workspace)
    text = StringIO()
    write_csv(report.build(query, frame.now), text)
    name = f"kpis-{query.start}-{query.end}"
    return HttpResponse(BOM + text.getvalue(), content_type=CSV, headers=attached(name))


@require_safe
@figures_only
def rows_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """Export exactly the rows the page lists."""
    if slug not in KPIS:
        raise Http404
    frame, chosen = Frame(request), Selection.read(KPIS[slug], request.GET)
    frame.restating.insist(frame.now)
    rows = chosen.rows(frame)
    if rows is None:
        raise Http404
    lines = _lines(rows, frame.workspace.zone)
    name = f"{slug}-{chosen.side}-{frame.query.start}-{frame.query.end}"
    return StreamingHttpResponse(lines, content_type=CSV, headers=attached(name))  # type: ignore[return-value]


def attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}.csv"'}


def _lines(rows: Rows, zone: ZoneInfo) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield BOM + writer.writerow([heading for heading, _ in rows.columns])
    for row in rows.queryset.iterator(chunk_size=CHUNK):
        yield writer.writerow([safe(accessor(row), zone) for _, accessor in rows.columns])


def safe(value: Any, zone: ZoneInfo) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    return f"'{text}" if text.startswith(RISKY) else text
