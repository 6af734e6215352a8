"""The Celery application; tasks live in each app's `tasks.py`."""

import os
import warnings
from typing import Any

from celery import Celery, signals
from celery.platforms import SecurityWarning
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadtracker.settings")
warnings.filterwarnings(
    "ignore", category=SecurityWarning
)  # about pickled messages run as root; ours are JSON

app = Celery("leadtracker")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


@signals.setup_logging.connect  # type: ignore[untyped-decorator]
def keep_our_logging(**_: Any) -> None:
    """Leave logging as settings.LOGGING has it: Celery sets up its own when nobody listens here."""
