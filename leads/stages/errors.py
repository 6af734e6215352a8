"""Why a move was refused, in words for the person who tried."""

from __future__ import annotations

from collections.abc import Sequence


class StageError(ValueError):
    """What is wrong, at which field, which criteria are missing, and which moves would be legal."""

    def __init__(
        self, message: str, *, field: str = "to", missing: Sequence[str] = (), legal: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.missing = list(missing)
        self.legal = list(legal)
