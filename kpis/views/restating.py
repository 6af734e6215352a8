"""Choosing the version that figures are restated under, and having it replayed."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from rest_framework.exceptions import ValidationError

from kpis import restating
from leads.models import Job, Replay, User
from leads.views.access import figures_only

HIGHEST = 1_000_000


class Restating:
    """The version a page of figures asks for. Until it was replayed, figures stay as judged then."""

    def __init__(self, number: int | None, now: datetime) -> None:
        self.number = number
        self.replay: Replay | None = restating.ready(number, now) if number else None

    @property
    def shown(self) -> int | None:
        """Return the version the figures of the page are restated under."""
        return self.number if self.replay else None

    @property
    def is_missing(self) -> bool:
        return self.number is not None and self.replay is None

    @cached_property
    def job(self) -> Job | None:
        """Return the last attempt at replaying the version."""
        return restating.latest_job(self.number) if self.number else None

    def insist(self, now: datetime) -> None:
        """Raise a ValidationError where the version was asked for and can't be had."""
        if self.number:
            restating.replay_of(self.number, now)


@require_POST
@figures_only
def restate(request: HttpRequest) -> HttpResponse:
    """Have a version replayed over all leads, and return to where that was asked for."""
    text, back = request.POST.get("version", ""), request.POST.get("back", "/")
    if not (text.isascii() and text.isdigit() and len(text) <= 7 and 0 < int(text) <= HIGHEST):
        raise ValidationError({"version": ["Use the number of a version."]})
    assert isinstance(request.user, User)
    restating.start(int(text), by=request.user, at=timezone.now())
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return HttpResponseRedirect(back if is_ours and back.startswith("/") else "/")
