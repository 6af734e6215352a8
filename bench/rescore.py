"""Rescoring every lead against one hand-written UPDATE of the same rules, in alternation, in the same run.

Usage: DATABASE_URL=postgres://… python -m bench.rescore [--rounds 3] [--only few | all]

It writes the scores of the database it is given, which must hold the demo as `create_demo` makes it.
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
from django.utils import timezone  # noqa: E402

from leads import scoring  # noqa: E402
from leads.free_email import domains  # noqa: E402
from leads.models import BehaviourEvent, Lead, Workspace  # noqa: E402
from leads.scoring.storing import CHUNK  # noqa: E402

UPDATE = (Path(__file__).parent / "sql" / "rescore.sql").read_text()


def execute(statement, params=None):
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.rowcount


def by_hand(at):
    zone = Workspace.current().time_zone
    return execute(UPDATE, {"at": at, "zone": zone, "free": sorted(domains())})


def agree(at):
    """Refuse to compare times of different scores: what one side stored, the other must leave alone."""
    for first, second in ((scoring.rescore, by_hand), (by_hand, scoring.rescore)):
        first(at)
        differing = second(at)
        if differing:
            sys.exit(f"{differing:,} scores differ")
        at += timedelta(days=30)  # other scores for the other way round


def forget():
    """Take all scores away, so that all of them change."""
    execute("UPDATE leads_lead SET score = NULL, scored_at = NULL")
    execute("VACUUM leads_lead")


def compare(name, rounds, at, prepare):
    """Time both sides by turns, each from the state that `prepare` leaves; the instant moves on."""
    times = {scoring.rescore: [], by_hand: []}
    written = []
    for turn in range(rounds):
        for side in list(times) if turn % 2 == 0 else list(times)[::-1]:
            prepare()
            at += timedelta(hours=1)
            began = time.perf_counter()
            written.append(side(at))
            times[side].append(time.perf_counter() - began)
    ours, theirs = times.values()
    print(f"{name}: {min(written):,} to {max(written):,} leads written")
    print(f"  rescore: {shown(ours)}")
    print(f"  by hand: {shown(theirs)}")
    print(f"  ratio of the medians: {statistics.median(ours) / statistics.median(theirs):.2f}", flush=True)


def shown(seconds):
    return f"{statistics.median(seconds):.1f} s ({', '.join(f'{each:.1f}' for each in seconds)})"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["few", "all"], help="how many scores change")
    options = parser.parse_args()
    at = timezone.now()
    print(f"{platform.machine()}, {os.cpu_count()} cores, PostgreSQL {connection.pg_version // 10000}")
    print(f"{Lead.objects.count():,} leads, {BehaviourEvent.objects.count():,} events, chunks of {CHUNK:,}")
    agree(at)
    print("both give every lead the same score", flush=True)
    execute("VACUUM ANALYZE leads_lead")
    if options.only != "all":
        compare("few change", options.rounds, at + timedelta(days=30), lambda: None)
    if options.only != "few":
        compare("all change", options.rounds, at + timedelta(days=33), forget)


main()
