"""The parts of a definition that are edited one at a time: each is one form, saved by itself."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import QueryDict
from django.urls import reverse

from leads.definitions import editing, words
from leads.definitions.editing import Action
from leads.definitions.key_fields import KEY_FIELD_CHOICES
from leads.definitions.problems import MAX_REVIEW_DAYS
from leads.models import DefinitionSet
from leads.scoring.model import DEFAULT_THRESHOLDS, NOT_IN_RULES
from leads.views.editor import scoring_forms
from leads.views.editor.part import Part, Refused
from leads.views.editor.scoring_forms import Json, scoring_of


@dataclass(frozen=True)
class StagePart(Part):
    """How a lead comes to a stage."""

    stage: str
    template: ClassVar[str] = "definitions/_condition.html"

    @property
    def slug(self) -> str:
        return self.stage

    @property
    def path(self) -> str:
        return f"stages.{self.stage}"

    @property
    def condition_path(self) -> str:
        return f"{self.path}.when"

    @property
    def title(self) -> str:
        return words.STAGES[self.stage]

    @property
    def page(self) -> str:
        return reverse("definitions:stage", args=[self.stage])

    def read(self, definition: DefinitionSet) -> Any:
        stages = definition.stages if isinstance(definition.stages, dict) else {}
        spec = stages.get(self.stage)
        return spec if isinstance(spec, dict) else {"when": None, "mode": "manual"}

    def condition(self, value: Any) -> Any:
        return value.get("when")

    def parse(self, definition: DefinitionSet, data: QueryDict, action: Action) -> Any:
        mode = data.get("mode", "")
        return {
            "when": _or_none(editing.condition(data, action)),
            "mode": mode if mode in words.MODES else "manual",
        }

    def columns(self, definition: DefinitionSet, value: Any) -> Json:
        stages = definition.stages if isinstance(definition.stages, dict) else {}
        return {"stages": {**stages, self.stage: value}}

    def say(self, value: Any) -> str:
        return words.stage_sentence(self.stage, value)


@dataclass(frozen=True)
class IcpPart(Part):
    """Who fits."""

    template: ClassVar[str] = "definitions/_condition.html"
    slug: ClassVar[str] = "icp"
    path: ClassVar[str] = "icp"
    title: ClassVar[str] = "Ideal customer"

    @property
    def page(self) -> str:
        return reverse("definitions:fit")

    def read(self, definition: DefinitionSet) -> Any:
        return definition.icp

    def condition(self, value: Any) -> Any:
        return value

    def parse(self, definition: DefinitionSet, data: QueryDict, action: Action) -> Any:
        return _or_none(editing.condition(data, action))

    def columns(self, definition: DefinitionSet, value: Any) -> Json:
        return {"icp": value}

    def say(self, value: Any) -> str:
        if words.is_always(value):
            return "No ideal customer is described: whether a lead fits is not known."
        return f"A lead fits when {words.condition_words(value)}."


@dataclass(frozen=True)
class FitPart(Part):
    """The fields a form must bring to be complete, and how often the definitions are looked at."""

    template: ClassVar[str] = "definitions/_key_fields.html"
    slug: ClassVar[str] = "key-fields"
    path: ClassVar[str] = "key_fields"
    title: ClassVar[str] = "Key fields"

    @property
    def page(self) -> str:
        return reverse("definitions:fit")

    def read(self, definition: DefinitionSet) -> Any:
        return {"key_fields": definition.key_fields, "review_days": definition.review_days}

    def parse(self, definition: DefinitionSet, data: QueryDict, action: Action) -> Any:
        chosen = data.getlist("key_field")
        return {
            "key_fields": [name for name in KEY_FIELD_CHOICES if name in chosen],
            "review_days": editing.number(data.get("review_days", "")),
        }

    def columns(self, definition: DefinitionSet, value: Any) -> Json:
        days = value.get("review_days")
        if not isinstance(days, int) or not 1 <= days <= MAX_REVIEW_DAYS:
            raise Refused(f"Enter a whole number of days from 1 to {MAX_REVIEW_DAYS:,}")
        return {"key_fields": value.get("key_fields"), "review_days": days}

    def say(self, value: Any) -> str:
        fields = value.get("key_fields")
        named = words.listed(map(words.field_label, fields if isinstance(fields, list) else []))
        return f"Key fields: {named or 'none'}. Reviewed every {value.get('review_days')} days."


@dataclass(frozen=True)
class CategoryPart(Part):
    """How the points of a category count together."""

    category: str
    template: ClassVar[str] = "definitions/_category.html"

    @property
    def slug(self) -> str:
        return f"category-{self.category}"

    @property
    def path(self) -> str:
        return f"scoring.caps.{self.category}"

    @property
    def title(self) -> str:
        return words.CATEGORIES[self.category]

    @property
    def page(self) -> str:
        return reverse("definitions:scoring")

    def read(self, definition: DefinitionSet) -> Any:
        scoring = scoring_of(definition)
        return {
            "cap": scoring_forms.mapping(scoring, "caps").get(self.category),
            "weight": scoring_forms.mapping(scoring, "weights").get(self.category),
        }

    def parse(self, definition: DefinitionSet, data: QueryDict, action: Action) -> Any:
        return {name: scoring_forms.optional(data.get(name, "")) for name in ("cap", "weight")}

    def columns(self, definition: DefinitionSet, value: Any) -> Json:
        scoring = scoring_of(definition)
        for name, key in (("cap", "caps"), ("weight", "weights")):
            each = {**scoring_forms.mapping(scoring, key), self.category: value.get(name)}
            scoring[key] = {category: number for category, number in each.items() if number is not None}
        return {"scoring": scoring}

    def say(self, value: Any) -> str:
        one = {"caps": {self.category: value.get("cap")}, "weights": {self.category: value.get("weight")}}
        return words.category_words(one, self.category) or "no limit"


@dataclass(frozen=True)
class ThresholdsPart(Part):
    """The score at which each band begins."""

    template: ClassVar[str] = "definitions/_thresholds.html"
    slug: ClassVar[str] = "thresholds"
    path: ClassVar[str] = "scoring.thresholds"
    title: ClassVar[str] = "Score thresholds"

    @property
    def page(self) -> str:
        return reverse("definitions:scoring")

    def read(self, definition: DefinitionSet) -> Any:
        given = scoring_of(definition).get("thresholds")
        return (
            given if isinstance(given, dict) else {band: int(at) for band, at in DEFAULT_THRESHOLDS.items()}
        )

    def parse(self, definition: DefinitionSet, data: QueryDict, action: Action) -> Any:
        given = {band: scoring_forms.optional(data.get(band, "")) for band in words.BANDS}
        return {band: number for band, number in given.items() if number is not None}

    def columns(self, definition: DefinitionSet, value: Any) -> Json:
        return {"scoring": {**scoring_of(definition), "thresholds": value}}

    def say(self, value: Any) -> str:
        return words.listed(
            f"{label} from {words.number(value.get(band))}" for band, label in words.BANDS.items()
        )


@dataclass(frozen=True)
class RulePart(Part):
    """One scoring rule."""

    index: int
    template: ClassVar[str] = "definitions/_rule.html"
    swaps: ClassVar[str] = "outerHTML"

    @property
    def slug(self) -> str:
        return f"rule-{self.index}"

    @property
    def path(self) -> str:
        return f"scoring.rules[{self.index}]"

    @property
    def condition_path(self) -> str:
        return f"{self.path}.when"

    @property
    def title(self) -> str:
        return f"Rule {self.index + 1}"

    @property
    def page(self) -> str:
        return reverse("definitions:scoring", query={"rule": self.index})

    @property
    def forbid(self) -> Set[str]:
        return NOT_IN_RULES

    def read(self, definition: DefinitionSet) -> Any:
        rules = scoring_forms.rules_of(definition)
        return rules[self.index] if self.index < len(rules) else None

    def condition(self, value: Any) -> Any:
        return value.get("when") if isinstance(value, dict) else None

    def parse(self, definition: DefinitionSet, data: QueryDict, action: Action) -> Any:
        return scoring_forms.rule(data, scoring_forms.rules_of(definition), self.index, action)

    def columns(self, definition: DefinitionSet, value: Any) -> Json:
        rules = scoring_forms.rules_of(definition)
        rules[self.index : self.index + 1] = [value]
        return {"scoring": {**scoring_of(definition), "rules": rules}}

    def say(self, value: Any) -> str:
        return f"{words.rule_name(value)}: {words.rule_sentence(value)}" if value else "The rule is gone"


def find(slug: str) -> Part | None:
    """Return the part of this name."""
    if slug in words.STAGES:
        return StagePart(slug)
    if match := re.fullmatch(r"rule-(\d{1,3})", slug, re.ASCII):
        return RulePart(int(match[1]))
    known: tuple[Part, ...] = (IcpPart(), FitPart(), ThresholdsPart(), *map(CategoryPart, words.CATEGORIES))
    return next((part for part in known if part.slug == slug), None)


def _or_none(condition: Any) -> Any:
    return None if words.is_always(condition) else condition
