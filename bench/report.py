"""The full KPI report against one hand-written statement per source table, in the same run.

Usage: DATABASE_URL=postgres://… python -m bench.report [--days 90] [--rounds 7]
"""

import argparse
import os
import platform
import statistics
import sys
import time
from datetime import timedelta
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadtracker.settings")
django.setup()

from django.db import connection  # noqa: E402
from django.db.models import Max  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from kpis import report  # noqa: E402
from kpis.query import ReportQuery  # noqa: E402
from leads.models import DefinitionSet, Lead, Session, Workspace  # noqa: E402
from leads.times import day_start  # noqa: E402

TABLES = ("leads", "sessions", "submissions", "appointments", "opportunities", "spend")
SQL = {table: (Path(__file__).parent / "sql" / f"{table}.sql").read_text() for table in TABLES}


def parameters(first, days, now):
    """Return what the statements need: two adjoining periods that end before `now`."""
    workspace = Workspace.current()
    scoring = DefinitionSet.current().scoring or {"thresholds": {"mql": 50}}
    edges = [first - timedelta(days=days), first, first + timedelta(days=days)]
    names = ("before", "start", "stop")
    return {
        **{name: day_start(day, workspace.zone) for name, day in zip(names, edges, strict=True)},
        **{f"{name}_day": day for name, day in zip(names, edges, strict=True)},
        "as_of": now,
        "zone": workspace.time_zone,
        "currency": workspace.currency,
        "mql": scoring["thresholds"]["mql"],
    }


def by_hand(params):
    """Run the hand-written statements; return {table: (seconds, rows)}."""
    answers = {}
    with connection.cursor() as cursor:
        for table, statement in SQL.items():
            began = time.perf_counter()
            cursor.execute(statement, params)
            columns = [column.name for column in cursor.description]
            rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
            answers[table] = (time.perf_counter() - began, rows)
    return answers


def agree(built, answers):
    """Refuse to compare times of different figures."""
    figures = {entry["slug"]: entry for entry in built["kpis"]}
    leads = next(row for row in answers["leads"][1] if row["p"] == "now")
    sessions = next(row for row in answers["sessions"][1] if row["now"])
    spend = next(row for row in answers["spend"][1] if row["now"])
    for slug, side, expected in (
        ("lead_volume", "numerator", leads["leads"]),
        ("mql_to_sql_ratio", "numerator", leads["sql"]),
        ("mql_to_sql_ratio", "denominator", leads["mql"]),
        ("first_contact_time", "denominator", leads["attempted"]),
        ("untreated_lead_rate", "numerator", leads["untreated"]),
        ("sla_compliance_rate", "numerator", leads["in_time"]),
        ("lead_quality_score", "numerator", leads["points"]),
        ("outside_icp_rate", "numerator", leads["outside_icp"]),
        ("visitor_conversion_rate", "denominator", sessions["visitors"]),
        ("qualified_traffic", "numerator", sessions["high_intent"]),
        ("customer_acquisition_cost", "numerator", spend["everything"]),
    ):
        found = figures[slug][side]
        if abs(float(found) - float(expected)) > 1e-6 * abs(float(expected)):
            sys.exit(f"{slug} {side}: the report says {found}, plain SQL {expected}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    now = timezone.now()
    newest = Lead.objects.aggregate(at=Max("created_at"))["at"].date()
    first = newest - timedelta(days=options.days + 1)
    query = ReportQuery(start=first, end=first + timedelta(days=options.days - 1))
    params = parameters(first, options.days, now)
    ours, theirs = [], []
    for _ in range(options.rounds):
        began = time.perf_counter()
        with CaptureQueriesContext(connection) as queries:
            built = report.build(query, now)
        ours.append(time.perf_counter() - began)
        answers = by_hand(params)
        theirs.append(sum(seconds for seconds, _ in answers.values()))
    agree(built, answers)
    print(f"{platform.machine()}, {os.cpu_count()} cores, PostgreSQL {connection.pg_version // 10000}")
    print(f"{Lead.objects.count():,} leads, {Session.objects.count():,} sessions")
    print(f"{query.start} to {query.end} and the {options.days} days before, {options.rounds} rounds")
    for table, (seconds, _) in answers.items():
        print(f"  by hand, {table}: {seconds * 1000:,.0f} ms")
    mine, plain = statistics.median(ours), statistics.median(theirs)
    sql = sum(float(query["time"]) for query in queries)
    print(f"report: {mine * 1000:,.0f} ms, {sql * 1000:,.0f} ms of it SQL in {len(queries)} queries")
    print(f"by hand: {plain * 1000:,.0f} ms in {len(SQL)} statements")
    print(f"ratio: {mine / plain:.2f}")


main()
