"""Who may see figures."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from leads.views.rendering import View, naming_errors


def figures_only(view: View) -> View:
    """Let managers and admins in; bad parameters are named."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not (request.user.is_authenticated and request.user.sees_figures):
            raise PermissionDenied
        return naming_errors(view)(request, *args, **kwargs)

    return guarded
