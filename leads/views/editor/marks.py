"""What a draft changes in a condition: each line is new, was something else, or is as it is live."""

from __future__ import annotations

from leads.definitions.words import listed, operator_label
from leads.views.editor.rows import Group, Row, Test, walk

NEW = "New"


def put(draft: Row, live: Row) -> None:
    """Mark the tests of a draft's condition against the live one."""
    there = [row for row in walk(live) if isinstance(row, Test)]
    here = [row for row in walk(draft) if isinstance(row, Test)]
    left = list(there)
    changed = []
    for row in here:
        same = next((other for other in left if other.json == row.json), None)
        left.remove(same) if same else changed.append(row)
    for row in changed:
        before = next((other for other in left if _is_about(other, row)), None)
        row.mark = f"Was {_words(before, row)}" if before else NEW
        if before:
            left.remove(before)
    live_groups = {row.at: row for row in walk(live) if isinstance(row, Group)}
    for group in walk(draft):
        before_group = live_groups.get(group.at)
        if (
            isinstance(group, Group)
            and before_group
            and before_group.kind != group.kind
            and before_group.rows
        ):
            group.mark = f"Was {dict(group.kinds)[before_group.kind]}"


def _is_about(before: Test, now: Test) -> bool:
    """Tell whether two tests ask the same field, or the same behaviour, in the same group."""
    same = before.field == now.field and before.at.rpartition(".")[0] == now.at.rpartition(".")[0]
    return same and (not now.is_event or before.json.get("event") == now.json.get("event"))


def _words(before: Test, now: Test) -> str:
    values = listed((value.label or value.text for value in before.values[:3]), "or")
    more = f" and {len(before.values) - 3} more" if len(before.values) > 3 else ""
    op = "" if before.op == now.op else f"{operator_label(before.op, before.field)} "
    days = f" in {before.within} days" if before.within else ""
    return f"{op}{values}{more}{days}".strip() or "blank"
