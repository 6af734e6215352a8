"""Pages on which admins edit what qualified means."""

from leads.views.editor.pages import (
    bands,
    counts,
    fit_page,
    home,
    rule_matches,
    rule_row,
    scoring_page,
    stage_page,
)
from leads.views.editor.saving import change_rules, save_part

__all__ = [
    "bands",
    "change_rules",
    "counts",
    "fit_page",
    "home",
    "rule_matches",
    "rule_row",
    "save_part",
    "scoring_page",
    "stage_page",
]
