"""Pages about figures."""

from kpis.views.dashboard import dashboard, options
from kpis.views.exports import report_csv, rows_csv
from kpis.views.kpi import kpi
from kpis.views.panels import panel
from kpis.views.replay import replay, replay_csv, replay_leads
from kpis.views.restating import restate
from kpis.views.review import review

__all__ = [
    "dashboard",
    "kpi",
    "options",
    "panel",
    "replay",
    "replay_csv",
    "replay_leads",
    "report_csv",
    "restate",
    "review",
    "rows_csv",
]
