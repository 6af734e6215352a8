"""Free mail providers: an address there says nothing about a company."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.db.models import BooleanField, Func

LIST = Path(__file__).with_name("free_email_domains.txt")


@cache
def domains() -> frozenset[str]:
    """Return the listed domains, in lower case."""
    lines = LIST.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


class IsFree(Func):
    """Whether a folded mail domain is in the list.

    The list stands in the statement itself, for as parameters it would eat up SQLite's allowance of those.
    """

    arity = 1
    output_field = BooleanField()

    @property
    def template(self) -> str:  # type: ignore[override]
        return f"%(expressions)s IN ({_quoted()})"


@cache
def _quoted() -> str:
    return ", ".join(f"'{domain}'" for domain in sorted(domains()))
