"""What the forms of the definition editor draw the same way: an input's errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def invalid(errors: Mapping[str, str], name: str, dom: str) -> SafeString:
    """Draw what an input with an error says to screen readers."""
    if name not in errors:
        return SafeString("")
    return format_html(' aria-invalid="true" aria-describedby="{}-{}-error"', dom, name)


@register.simple_tag
def look(errors: Mapping[str, str], name: str) -> str:
    """Return the class of an input with an error."""
    return " is-invalid" if name in errors else ""


@register.simple_tag
def said(errors: Mapping[str, str], dom: str, names: str = "") -> SafeString:
    """Draw the errors of these inputs, or of all."""
    chosen = [(dom, name, errors[name]) for name in names.split() or errors if name in errors]
    return format_html_join("", '<p class="invalid-feedback" id="{}-{}-error">{}</p>', chosen)


@register.filter
def entry(mapping: Mapping[str, Any], key: str) -> Any:
    """Return what a mapping holds at a key; blank without."""
    value = mapping.get(key) if isinstance(mapping, Mapping) else None
    return "" if value is None else value
