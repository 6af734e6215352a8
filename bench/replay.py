"""Replaying a draft and the version in force over every lead, against one pass that scores each lead once.

Usage: DATABASE_URL=postgres://… python -m bench.replay [--rounds 3]

The database must hold the demo as `create_demo` makes it; what is stored for the measurement is rolled back.
"""

import argparse
import copy
import os
import platform
import statistics
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadtracker.settings")
django.setup()

from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from leads import replaying, scoring  # noqa: E402
from leads.models import BehaviourEvent, DefinitionSet, Lead  # noqa: E402

STRICTER = 10  # points more than the version in force asks for


def draft_of(live):
    """Return an unsaved draft that asks for a higher score."""
    stages = copy.deepcopy(live.stages)
    stages["mql"]["when"]["all"][0]["value"] += STRICTER
    return DefinitionSet(number=live.number + 1, scoring=live.scoring, icp=live.icp, stages=stages)


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def replay_both(live, draft):
    for definition in (live, draft):
        replaying.replay(definition, since=None, at=timezone.now())


def measure(rounds):
    live = DefinitionSet.current()
    draft = DefinitionSet.draft() or draft_of(live)
    draft.save()
    taken = {"replay both": [], "score once": []}
    for _ in range(rounds):
        taken["replay both"].append(timed(lambda: replay_both(live, draft)))
        taken["score once"].append(timed(lambda: scoring.rescore(timezone.now())))
    return taken


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with transaction.atomic():
        taken = measure(rounds)
        transaction.set_rollback(True)
    print(f"{platform.machine()}, {os.cpu_count()} cores")
    print(f"{Lead.objects.count():,} leads, {BehaviourEvent.objects.count():,} events")
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    for name, seconds in taken.items():
        print(f"  {name}: {medians[name]:.1f} s ({', '.join(f'{each:.1f}' for each in seconds)})")
    print(f"  ratio of the medians: {medians['replay both'] / medians['score once']:.2f}")


if __name__ == "__main__":
    main()
