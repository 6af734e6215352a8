"""What every page draws the same way: icons, people, times, amounts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zlib import crc32

from django import template
from django.forms import BoundField
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from leads.models import Lead, ScoreOverride, Stage, User, Workspace

register = template.Library()

NONE = "—"
MINUS = "−"
THEMES = ("light", "dark")
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹", "BRL": "R$"}  # others: their code

Number = Decimal | float | int


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """Draw an icon of the sprite; it is decoration, so screen readers skip it."""
    sprite = static("vendor/tabler-icons/sprite.svg")
    return format_html('<svg class="i {}" aria-hidden="true"><use href="{}#{}"/></svg>', size, sprite, name)


@register.simple_tag(takes_context=True)
def workspace(context: Mapping[str, Any]) -> Workspace:
    """Return the page's workspace, looked up once."""
    known: Workspace | None = context.get("workspace")
    return known or Workspace.current()


@register.simple_tag(takes_context=True)
def theme(context: Mapping[str, Any]) -> str:
    """Return the theme the viewer chose; blank leaves it to their system."""
    request: HttpRequest | None = context.get("request")
    chosen = request.COOKIES.get("theme", "") if request else ""
    return chosen if chosen in THEMES else ""


@register.simple_tag
def avatar(name: object, size: str = "") -> SafeString:
    """Draw a person's initials on their colour."""
    words = str(name).split() or ["?"]
    initials = (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()
    shade = crc32(str(name).encode()) % 5
    return format_html('<span class="avatar-s av{} {}" aria-hidden="true">{}</span>', shade, size, initials)


@register.simple_tag
def control(field: BoundField) -> SafeString:
    """Draw a form field's input the way all of them look, with its error said to screen readers."""
    kind = field.field.widget
    look = {"checkbox": "form-check-input", "select": "form-select"}.get(
        getattr(kind, "input_type", ""), "form-control"
    )
    attrs: dict[str, str | bool] = {"class": look}
    if field.errors:
        attrs = {"class": f"{look} is-invalid", "aria-invalid": "true"}
    return field.as_widget(attrs=attrs)


@register.simple_tag
def when(at: datetime | None, *, inside: bool = False) -> str | SafeString:
    """Draw a time: relative for two days, then with its date; the whole of it in the title."""
    if at is None:
        return NONE
    local = timezone.localtime(at)
    full = formats.date_format(local, "j M Y H:i:s T")
    text = _relative(local, "today", "yesterday") if inside else _relative(local)
    return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), full, text)


@register.simple_tag
def elapsed(start: datetime, end: datetime) -> str:
    return duration(end - start)


@register.simple_tag(takes_context=True)
def amount(context: Mapping[str, Any], value: Number | None, currency: str) -> str:
    """Write an amount in its own currency; a blank one is the workspace's."""
    return money(value, currency or workspace(context).currency)


@register.simple_tag
def stage(current: str) -> SafeString:
    """Draw a stage, `lead` before any."""
    label = Stage(current).label if current in Stage.values else "Lead"
    return format_html('<span class="stage {}">{}</span>', current, label)


@register.simple_tag
def administrators() -> str:
    """Return whom to ask for access."""
    admins = User.objects.filter(role=User.Role.ADMIN, is_active=True)[:3]
    return ", ".join(map(str, admins))


@register.simple_tag
def score(lead: Lead) -> SafeString:
    """Draw a lead's stored score, or what somebody said instead, if `overrides.beside` brought it along."""
    said: list[ScoreOverride] = getattr(lead, "standing_overrides", [])
    if said:
        return _overridden(lead, said[0])
    if lead.score is None:
        return format_html('<span class="t3">{}</span>', NONE)
    return format_html('<span class="score">{}{}</span>', bar(lead.score), lead.score)


def _overridden(lead: Lead, said: ScoreOverride) -> SafeString:
    until = f" until {formats.date_format(timezone.localtime(said.expires_at))}" if said.expires_at else ""
    reckoned = NONE if lead.score is None else lead.score
    return format_html(
        '<span class="score" title="{}">{}{}{}<span class="sr">, overridden</span></span>',
        f"{said.by} says {said.score}{until}: {said.reason} (reckoned: {reckoned})",
        icon("pencil", "s"),
        bar(said.score),
        said.score,
    )


@register.simple_tag
def response(lead: Lead, now: datetime) -> SafeString:
    """Draw how a lead's clock stands: answered after, late by, or time left."""
    if lead.first_response_at:
        late = lead.response_due_at and (lead.answered_at or now) > lead.response_due_at
        tone, sign = ("bad", "alert-circle") if late else ("good", "check")
        text = duration(lead.first_response_at - lead.created_at)
        return _chip(tone if lead.sla_policy_id else "", sign, text)
    if not lead.response_due_at:
        return format_html('<span class="t3">{}</span>', "No answer yet" if lead.treated_at else "Not tried")
    left = lead.response_due_at - now
    if left < timedelta(0):
        return _chip("bad", "alert-circle", duration(left))
    return _chip("warn" if left <= timedelta(minutes=15) else "", "clock", duration(left))


def _chip(tone: str, sign: str, text: str) -> SafeString:
    words = {"bad": "Late, ", "good": "In time, ", "warn": "Due soon, "}.get(tone, "")
    return format_html(
        '<span class="slac {}">{}<span class="sr">{}</span>{}</span>', tone, icon(sign, "s"), words, text
    )


@register.simple_tag
def bar(share: Number | None, shape: str = "", goal: Number | None = None) -> SafeString:
    """Draw a share of 100 as a bar, with a mark where the goal is; the figure stands beside it."""
    width = min(max(float(share or 0), 0.0), 100.0)
    mark: str | SafeString = ""
    if goal is not None and 0 <= goal <= 100:
        mark = format_html('<line class="goal" x1="{0}" x2="{0}" y1="0" y2="6"/>', f"{float(goal):.1f}")
    return format_html(
        '<svg class="meter {}" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        '<rect width="{}" height="6"/>{}</svg>',
        shape,
        f"{width:.1f}",
        mark,
    )


def _relative(local: datetime, *names: str) -> str:
    today = timezone.localdate()
    days = (today - local.date()).days
    if days in (0, 1):
        return f"{(names or ('Today', 'Yesterday'))[days]} {local:%H:%M}"
    shape = "j M H:i" if local.year == today.year else "j M Y"
    return str(formats.date_format(local, shape))


@register.filter
def duration(seconds: Number | timedelta | None) -> str:
    """Write a length of time: 1m 52s, 2h 06m, 3d 04h."""
    if seconds is None:
        return NONE
    total = seconds.total_seconds() if isinstance(seconds, timedelta) else float(seconds)
    sign, whole = MINUS if total < 0 else "", round(abs(total))
    if whole < 60:
        return f"{sign}{whole}s"
    if whole < 3600:
        return f"{sign}{whole // 60}m {whole % 60:02}s"
    if whole < 86400 * 2:
        return f"{sign}{whole // 3600}h {whole % 3600 // 60:02}m"
    return f"{sign}{whole // 86400}d {whole % 86400 // 3600:02}h"


@register.filter
def money(amount: Number | None, currency: str) -> str:
    """Write an amount: €38.40 below 1,000, €49,310 from there on."""
    if amount is None:
        return NONE
    symbol = SYMBOLS.get(currency, f"{currency} ")
    places = 0 if abs(rounded(amount, 2)) >= 1000 else 2
    text = grouped(amount, places)
    return f"{MINUS}{symbol}{text[1:]}" if text.startswith(MINUS) else f"{symbol}{text}"


@register.filter
def grouped(value: Number | None, places: int = 0) -> str:
    """Write a number with separators and a true minus; a value that rounds to 0 has no sign."""
    if value is None:
        return NONE
    exact = rounded(value, places)
    text = formats.number_format(abs(exact), places, use_l10n=True, force_grouping=True)
    return f"{MINUS}{text}" if exact < 0 else text


def rounded(value: Number, places: int) -> Decimal:
    """Round half away from zero, the way people do."""
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
