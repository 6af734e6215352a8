"""The agreement between marketing and sales: read, printed, signed."""

from __future__ import annotations

import logging
import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from leads.definitions.document import document, signatures
from leads.definitions.signing import SigningError, sign, withdraw
from leads.models import DefinitionSet, SignOff, User, Workspace
from leads.views.access import figures_only
from leads.views.rendering import page

if TYPE_CHECKING:
    from weasyprint import HTML
    from weasyprint.urls import URLFetcherResponse

logging.getLogger("weasyprint").setLevel(logging.ERROR)  # it tells of each rule that is for screens

HERE = "https://static.invalid"  # where a PDF's stylesheets and fonts seem to come from


def readable(user: object, number: int) -> DefinitionSet:
    """Return a version this person may read: drafts are for managers and admins."""
    definition = get_object_or_404(DefinitionSet.objects.select_related("published_by"), number=number)
    if definition.is_draft and not (isinstance(user, User) and user.sees_figures):
        raise Http404
    return definition


@require_safe
def read_document(request: HttpRequest, number: int) -> HttpResponse:
    definition, workspace = readable(request.user, number), Workspace.current()
    context = _context(definition, workspace) | {"section": "definitions", "tab": "history"}
    return page(request, "definitions/document.html", context, workspace)


def _context(definition: DefinitionSet, workspace: Workspace) -> dict[str, object]:
    return {
        "definition": definition,
        "document": document(definition, workspace),
        "signatures": signatures(definition),
        "can_be_signed": definition.status == DefinitionSet.Status.PUBLISHED,
    }


@require_safe
def document_pdf(request: HttpRequest, number: int) -> HttpResponse:
    """Return the document as a PDF; say how to get one where the machine cannot make any."""
    definition, workspace = readable(request.user, number), Workspace.current()
    try:
        made = pdf(definition, workspace)
    except OSError:  # WeasyPrint is there, the Pango library it draws with is not
        context = {"section": "definitions", "definition": definition}
        response = page(request, "definitions/no_pdf.html", context, workspace)
        response.status_code = 503
        return response
    name = f"agreement-version-{definition.number}{'-draft' if definition.is_draft else ''}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(made, content_type="application/pdf", headers=headers)


def pdf(definition: DefinitionSet, workspace: Workspace) -> bytes:
    made: bytes = printable(definition, workspace).write_pdf()
    return made


def printable(definition: DefinitionSet, workspace: Workspace) -> HTML:
    """Return the document as WeasyPrint takes it, which sees this product's static files and nothing else."""
    from weasyprint import HTML  # noqa: PLC0415  loads Pango, which not every machine has
    from weasyprint.urls import URLFetcher, URLFetcherResponse  # noqa: PLC0415

    class StaticFiles(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
            kind = mimetypes.guess_type(url)[0] or "application/octet-stream"
            return URLFetcherResponse(url, static_file(url), {"Content-Type": kind})

    with timezone.override(workspace.zone):
        context = {**_context(definition, workspace), "workspace": workspace}
        html = render_to_string("definitions/document_pdf.html", context)
    return HTML(string=html, base_url=HERE, url_fetcher=StaticFiles())


def static_file(url: str) -> bytes:
    """Return a static file by the address a document gives it; refuse every other address."""
    root = f"{HERE}{settings.STATIC_URL}"
    name = unquote(urlsplit(url)._replace(query="", fragment="").geturl().removeprefix(root))
    if not url.startswith(root) or ".." in name.split("/"):
        raise ValueError(f"{url} is not a static file of this product")
    found = staticfiles_storage.path(name) if settings.STATIC_ROOT else finders.find(name)
    if not isinstance(found, str):
        raise ValueError(f"{url} is not there")
    return Path(found).read_bytes()


# Signing


@require_http_methods(["GET", "HEAD", "POST"])
@figures_only
def sign_document(request: HttpRequest, number: int, side: str) -> HttpResponse:
    """Ask whether to sign for a side of the house, and sign; an admin may remove a signature."""
    if side not in SignOff.Side.values:
        raise Http404
    definition = readable(request.user, number)
    if request.method != "POST":
        return _confirm(request, definition, side)
    assert request.user.is_authenticated
    try:
        _sign_or_remove(request.user, definition, side, is_removal="remove" in request.POST)
    except SigningError as error:
        return _confirm(request, definition, side, str(error))
    return HttpResponseRedirect(reverse("definitions:document", args=[number]) + "#sign-off")


def _sign_or_remove(user: User, definition: DefinitionSet, side: str, *, is_removal: bool) -> None:
    if not is_removal:
        sign(definition, side, by=user, at=timezone.now())
    elif user.is_admin:
        withdraw(definition, side)
    else:
        raise PermissionDenied


def _confirm(request: HttpRequest, definition: DefinitionSet, side: str, problem: str = "") -> HttpResponse:
    context = {
        "section": "definitions",
        "definition": definition,
        "side": SignOff.Side(side),
        "sign_off": definition.sign_offs.filter(side=side).select_related("by").first(),
        "can_be_signed": definition.status == DefinitionSet.Status.PUBLISHED,
        "problem": problem,
    }
    response = page(request, "definitions/sign.html", context)
    response.status_code = 409 if problem else 200
    return response
