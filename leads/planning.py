"""What PostgreSQL is told about its plans, where we know more of a query than it does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connection, transaction

JIT = "jit"  # compiling a query with many sub-queries takes many times as long as running it once
NESTED_LOOPS = "enable_nestloop"  # going through other rows for each lead, which is slow for thousands


@contextmanager
def without(*features: str) -> Iterator[None]:
    """Switch features of the planner off, in a transaction of its own; SQLite has none of them.

    Within another transaction JIT stays off until that one ends, which does nobody harm.
    """
    with transaction.atomic():
        _set(features, "off")
        yield
        _set([feature for feature in features if feature != JIT], "DEFAULT")


def _set(features: Sequence[str], value: str) -> None:
    if features and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("; ".join(f"SET LOCAL {feature} = {value}" for feature in features))
