"""How scores are drawn: the bar with its bands, points, bands by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from leads.definitions import words

register = template.Library()

BANDS = ("cold", "warm", "mql", "sql")
WIDTH = 100


@register.simple_tag
def scorebar(score: int, thresholds: Mapping[str, float], said: int | None = None) -> SafeString:
    """Draw a score on the scale of its bands; what a person said instead is a second, hollow mark."""
    edges = [0.0, *(min(thresholds[band], WIDTH) for band in BANDS[1:]), WIDTH]
    parts = [(band, edges[place], edges[place + 1]) for place, band in enumerate(BANDS)]
    drawn = format_html_join(
        "",
        '<rect class="{}" x="{}" width="{}" y="4" height="6"/>',
        [(band, f"{low:.1f}", f"{high - low:.1f}") for band, low, high in parts if high > low],
    )
    cuts = format_html_join(
        "",
        '<line class="cut" x1="{0}" x2="{0}" y1="4" y2="10"/>',
        [(f"{low:.1f}",) for _, low, _ in parts[1:]],
    )
    other = _mark("said", said) if said is not None else ""
    label = f"Score {score} of 100" + (f", overridden to {said}" if said is not None else "")
    return format_html(
        '<svg class="scorebar" viewBox="0 0 100 14" preserveAspectRatio="none" role="img" aria-label="{}">'
        "{}{}{}{}</svg>",
        label,
        drawn,
        cuts,
        _mark("rim", score) + _mark("mark", score),
        other,
    )


def _mark(look: str, score: int) -> SafeString:
    return format_html('<line class="{0}" x1="{1}" x2="{1}" y1="0" y2="14"/>', look, f"{score:.1f}")


@register.filter
def signed(points: float) -> str:
    """Write points with their sign, to two decimals at most: +12, −3.25."""
    return words.signed(_short(points))


@register.filter
def points(value: float) -> str:
    """Write points to two decimals at most."""
    return words.number(_short(value))


def _short(value: float) -> float | int:
    short = round(value, 2)
    return int(short) if short == int(short) else short


@register.filter
def rule_name(rule: dict[str, Any]) -> str:
    return words.rule_name(rule)


@register.filter
def rule_sentence(rule: dict[str, Any]) -> str:
    return words.rule_sentence(rule)


@register.filter
def category(name: str) -> str:
    return words.CATEGORIES[name]


@register.filter
def band(name: str) -> str:
    return words.BANDS.get(name, "Cold")
