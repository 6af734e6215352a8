"""Why a definition could not be started, stored or published."""

from __future__ import annotations

from datetime import datetime

from leads.definitions.found import Problem
from leads.models import DefinitionSet, User


class DefinitionError(Exception):
    """What cannot be done, in words for people."""

    @property
    def message(self) -> str:
        return str(self)


class DraftExists(DefinitionError):
    """There is one draft at a time."""

    def __init__(self, draft: DefinitionSet) -> None:
        who = draft.edited_by or "Somebody"
        super().__init__(
            f"{who} is editing version {draft.number} already: publish or discard that draft first."
        )
        self.draft = draft


class Conflict(DefinitionError):
    """Somebody else was faster: who, when, and in which parts theirs differs."""

    def __init__(
        self, message: str, by: User | None = None, at: datetime | None = None, parts: list[str] | None = None
    ) -> None:
        super().__init__(message)
        self.by = by
        self.at = at
        self.parts = parts or []


class Invalid(DefinitionError):
    """What is wrong keeps it from being published."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class Unstorable(DefinitionError):
    """No database could hold this value."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__(f"{path}: {what}")
        self.path = path
        self.what = what
