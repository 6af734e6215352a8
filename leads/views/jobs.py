"""Watching a job, and calling it off."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from leads import jobs
from leads.models import Job
from leads.views.access import figures_only, viewer
from leads.views.rendering import page


@require_safe
@figures_only
def job(request: HttpRequest, pk: int) -> HttpResponse:
    """Draw a job's progress; the drawing asks again until the job has ended, then says `job-ended`."""
    return job_now(request, pk)


def job_now(request: HttpRequest, pk: int) -> HttpResponse:
    watched = get_object_or_404(Job, pk=pk)
    response = page(request, "_job.html", {"job": watched})
    if watched.has_ended:
        response.headers["HX-Trigger"] = "job-ended"
    return response


@require_POST
@figures_only
def cancel_job(request: HttpRequest, pk: int) -> HttpResponse:
    """Call a job off; without JavaScript go back to where it was watched."""
    watched = get_object_or_404(Job, pk=pk)
    if watched.is_of_admins and not viewer(request).is_admin:
        raise PermissionDenied
    jobs.cancel(watched, timezone.now())
    if request.headers.get("HX-Request"):
        return job_now(request, pk)
    origin = request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(origin, allowed_hosts={request.get_host()})
    return HttpResponseRedirect(origin if safe else "/")
