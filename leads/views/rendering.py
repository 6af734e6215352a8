"""How a page is made: in the workspace's time zone, with the workspace at hand."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from leads.models import Workspace


def page(
    request: HttpRequest, template: str, context: dict[str, Any], workspace: Workspace | None = None
) -> HttpResponse:
    workspace = workspace or Workspace.current()
    with timezone.override(workspace.zone):
        return render(request, template, {"workspace": workspace, **context})
