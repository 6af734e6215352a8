"""Who may open which page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from leads.models import User
from leads.views.rendering import View, naming_errors


def _only(allowed: Callable[[User], bool]) -> Callable[[View], View]:
    """Return a decorator that lets some people in; bad parameters are named to them."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not (request.user.is_authenticated and allowed(request.user)):
                raise PermissionDenied
            return naming_errors(view)(request, *args, **kwargs)

        return guarded

    return guard


figures_only = _only(lambda user: user.sees_figures)  # managers and admins
admins_only = _only(lambda user: user.is_admin)
