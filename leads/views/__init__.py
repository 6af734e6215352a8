"""Pages about leads."""

from leads.views.leads import lead_list, lead_page
from leads.views.theme import switch_theme

__all__ = ["lead_list", "lead_page", "switch_theme"]
