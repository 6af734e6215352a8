"""Pages about leads."""

from leads.views.jobs import cancel_job, job
from leads.views.leads import lead_list, lead_page
from leads.views.moves import move_lead
from leads.views.records import edit_lead, new_lead
from leads.views.scores import end_override, override_score, score_page
from leads.views.theme import switch_theme

__all__ = [
    "cancel_job",
    "edit_lead",
    "end_override",
    "job",
    "lead_list",
    "lead_page",
    "move_lead",
    "new_lead",
    "override_score",
    "score_page",
    "switch_theme",
]
