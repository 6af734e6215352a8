"""Who may open which page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from leads.models import Lead, User
from leads.querysets import LeadQuerySet
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


def viewer(request: HttpRequest) -> User:
    """Return who is logged in: pages that anybody may open are named as such."""
    assert request.user.is_authenticated
    return request.user


def visible_leads(request: HttpRequest, key: str) -> LeadQuerySet:
    """Return the lead of this key, if there is one and the viewer may see it."""
    if "\0" in key:  # PostgreSQL would not hear of it
        raise Http404
    return Lead.objects.visible_to(request.user).filter(key=key)
