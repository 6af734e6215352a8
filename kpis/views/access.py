"""Who may see figures, and what a request that cannot be read is told."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import ValidationError

from leads.views.rendering import page

View = Callable[..., HttpResponse]


def figures_only(view: View) -> View:
    """Let managers and admins in, and answer bad parameters with a page that names them."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not (request.user.is_authenticated and request.user.sees_figures):
            raise PermissionDenied
        try:
            return view(request, *args, **kwargs)
        except ValidationError as error:
            return bad_request(request, error)

    return guarded


def bad_request(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Name every field that is wrong, and keep what was typed."""
    detail = error.detail if isinstance(error.detail, dict) else {"": error.detail}
    problems = [(field, " ".join(map(str, messages))) for field, messages in detail.items()]
    kept = [
        (name, value)
        for name, values in request.GET.lists()
        for value in values
        if name not in ("from", "to", *detail)
    ]
    context = {"section": "dashboard", "problems": problems, "fields": list(detail), "kept": kept}
    response = page(request, "kpis/bad_request.html", context)
    response.status_code = 400
    return response
