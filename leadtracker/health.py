"""Is the process alive, and can it do its work?"""

from celery import current_app
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

OK, AWAY, NONE = "ok", "unreachable", "none"


@login_not_required
@require_safe
@never_cache
def live(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": OK})


@login_not_required
@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """Answer 503 without a database; without a broker work is only delayed, so that is "degraded"."""
    parts = {"database": _database(), "broker": _broker()}
    if parts["database"] == AWAY:
        return _answer("unavailable", parts, 503)
    return _answer(OK if parts["broker"] == OK else "degraded", parts, 200)


def _answer(status: str, parts: dict[str, str], code: int) -> JsonResponse:
    return JsonResponse({"status": status, **parts}, status=code)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return AWAY
    return OK


def _broker() -> str:
    if settings.CELERY_BROKER_URL.startswith("memory:"):
        return NONE  # messages that no other process can see
    try:
        with current_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=2)
    except (OperationalError, OSError):
        return AWAY
    return OK
