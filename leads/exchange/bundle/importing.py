"""Import a bundle: check all of it, then store all of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from os import PathLike
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from leads import milestones, response, scoring
from leads.exchange.bundle.checks import check
from leads.exchange.bundle.files import FILES, WORKSPACE
from leads.exchange.bundle.problems import Problems
from leads.exchange.bundle.settling import settle
from leads.exchange.bundle.source import MAX_FILE_SIZE, Source, open_source
from leads.exchange.bundle.staging import Progress, create_tables, drop_tables, stage
from leads.exchange.bundle.storing import Stored, leads_aside, one_at_a_time, store
from leads.exchange.bundle.workspace import WorkspaceFile, read_workspace
from leads.models import DefinitionSet


@dataclass(frozen=True)
class Imported:
    """What an import did, per file."""

    files: dict[str, Stored]

    @property
    def added(self) -> int:
        return sum(stored.added for stored in self.files.values())

    @property
    def changed(self) -> int:
        return sum(stored.changed for stored in self.files.values())


def say_nothing(what: str, rows: int) -> None:
    """Report no progress."""


def import_bundle(
    path: str | PathLike[str],
    *,
    progress: Progress | None = None,
    at: datetime | None = None,
    max_file_size: int = MAX_FILE_SIZE,
) -> Imported:
    """Store a bundle, a folder or a .zip of it, or raise a `BundleError` and store nothing.

    `at` is when definitions become effective and scores are taken, by default now.
    `progress` is told what is being done and how many rows of it are.
    """
    with open_source(Path(path), max_file_size) as source, transaction.atomic():
        return _import(source, at or timezone.now(), progress or say_nothing)


def _import(source: Source, at: datetime, progress: Progress) -> Imported:
    create_tables()
    workspace = _checked(source, progress)
    with one_at_a_time(), leads_aside():
        settled = settle(workspace.data, at)
        files = store(at, DefinitionSet.current().key_fields, progress)
        _derive(at, progress)
    drop_tables()
    return Imported({WORKSPACE: Stored(0, settled), **files})


def _checked(source: Source, progress: Progress) -> WorkspaceFile:
    """Stage everything and refuse it if any of it is wrong."""
    problems = Problems([WORKSPACE, *(file.name for file in FILES)])
    workspace = read_workspace(source, problems)
    for file in FILES:
        stage(file, source, workspace.zone, problems, progress)
    check(problems)
    problems.refuse()
    return workspace


def _derive(at: datetime, progress: Progress) -> None:
    """Start the response clocks, stamp the milestones, score: nothing else follows from an import."""
    progress("response clocks", response.judge())
    progress("milestones", milestones.rebuild())
    progress("scores", scoring.rescore(at))
