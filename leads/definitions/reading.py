"""A version as people read it: its stages, its score, its ideal customer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from leads.definitions import words
from leads.definitions.words import BANDS, CATEGORIES, STAGES, field_label, is_always, number, signed
from leads.models import DefinitionSet
from leads.scoring.model import DEFAULT_THRESHOLDS

Json = dict[str, Any]
INTROS = {"all": "All of these", "any": "One of these"}


@dataclass(frozen=True)
class Criteria:
    """A condition as a list: what stands over it, and its lines."""

    intro: str
    lines: list[str]


@dataclass(frozen=True)
class StageRead:
    slug: str
    label: str
    how: str
    criteria: Criteria | None


@dataclass(frozen=True)
class RuleRead:
    name: str
    points: str
    sentence: str


@dataclass(frozen=True)
class CategoryRead:
    label: str
    limits: str
    rules: list[RuleRead]


def criteria(condition: Any) -> Criteria | None:
    """Return a condition line by line; None where it asks for nothing."""
    if is_always(condition):
        return None
    for name, intro in INTROS.items():
        parts = condition.get(name) if isinstance(condition, dict) else None
        if isinstance(parts, list) and len(parts) > 1:
            return Criteria(intro, [_line(part) for part in parts])
    return Criteria("", [_line(condition)])


def _line(condition: Any) -> str:
    text = words.condition_words(condition)
    return text[:1].upper() + text[1:]


def stages(definition: DefinitionSet) -> list[StageRead]:
    given = definition.stages if isinstance(definition.stages, dict) else {}
    return [_stage(slug, given.get(slug)) for slug in STAGES]


def _stage(slug: str, spec: Any) -> StageRead:
    when = spec.get("when") if isinstance(spec, dict) else None
    is_automatic = isinstance(spec, dict) and spec.get("mode") == "automatic"
    label = STAGES[slug]
    how = f"A lead becomes {label} by itself" if is_automatic else f"A person makes a lead {label}"
    if is_always(when):
        how = f"Every lead becomes {label} by itself" if is_automatic else f"{how}, whenever they see fit"
    return StageRead(slug, label, how, criteria(when))


def categories(definition: DefinitionSet) -> list[CategoryRead]:
    """Return the scoring rules by category; none without a scoring model."""
    scoring = definition.scoring
    if not isinstance(scoring, dict):
        return []
    return [
        CategoryRead(label, words.category_words(scoring, slug), list(_rules(scoring, slug)))
        for slug, label in CATEGORIES.items()
    ]


def _rules(scoring: Json, category: str) -> Iterator[RuleRead]:
    rules = scoring.get("rules")
    for rule in rules if isinstance(rules, list) else []:
        if isinstance(rule, dict) and rule.get("category") == category:
            points = signed(rule.get("points"))
            sentence = words.rule_sentence(rule).removeprefix(points).strip()
            yield RuleRead(words.rule_name(rule), points, sentence)


def thresholds(definition: DefinitionSet) -> list[tuple[str, str]]:
    """Return from how many points each band begins."""
    if not isinstance(definition.scoring, dict):
        return []
    given = definition.scoring.get("thresholds") or DEFAULT_THRESHOLDS
    known: Json = given if isinstance(given, dict) else {}
    return [(label, number(known.get(band))) for band, label in BANDS.items()]


def key_fields(definition: DefinitionSet) -> list[str]:
    names = definition.key_fields
    return [field_label(name) for name in names] if isinstance(names, list) else []
