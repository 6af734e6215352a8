"""Light or dark, as the viewer likes it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

YEAR = 365 * 24 * 60 * 60


@require_POST
def switch_theme(request: HttpRequest) -> HttpResponse:
    """Remember the other theme and go back; with JavaScript the page does this itself."""
    other = "light" if request.COOKIES.get("theme") == "dark" else "dark"
    origin = request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(origin, allowed_hosts={request.get_host()})
    response = HttpResponseRedirect(origin if safe else "/")
    response.set_cookie("theme", other, max_age=YEAR, samesite="Lax", secure=request.is_secure())
    return response
