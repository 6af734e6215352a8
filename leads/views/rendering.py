"""How a page is made: in the workspace's time zone, with the workspace at hand."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from leads.models import Workspace

View = Callable[..., HttpResponse]


def page(
    request: HttpRequest, template: str, context: dict[str, Any], workspace: Workspace | None = None
) -> HttpResponse:
    workspace = workspace or Workspace.current()
    with timezone.override(workspace.zone):
        return render(request, template, {"workspace": workspace, **context})


def naming_errors(view: View) -> View:
    """Answer bad parameters with a page that names them and keeps what was typed."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except ValidationError as error:
            return _bad_request(request, error)

    return guarded


def _bad_request(request: HttpRequest, error: ValidationError) -> HttpResponse:
    detail = error.detail if isinstance(error.detail, dict) else {"request": error.detail}
    kept = [
        (name, value)
        for name, values in request.GET.lists()
        for value in values
        if name not in ("from", "to", *detail)
    ]
    problems = [(field, _words(messages)) for field, messages in detail.items()]
    context = {"problems": problems, "fields": list(detail), "kept": kept}
    response = page(request, "bad_request.html", context)
    response.status_code = 400
    return response


def _words(messages: Any) -> str:
    """Return what is wrong with a field; of a list, with each of its items."""
    if isinstance(messages, dict):
        return " ".join(_words(message) for message in messages.values())
    return " ".join(map(str, messages))
