"""Pages about leads."""

from leads.views.jobs import cancel_job, job
from leads.views.leads import lead_list, lead_page
from leads.views.theme import switch_theme

__all__ = ["cancel_job", "job", "lead_list", "lead_page", "switch_theme"]
