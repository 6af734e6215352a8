"""What changed from one version to another, in plain English, part by part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from leads.conditions.values import event_words
from leads.definitions import trees
from leads.definitions.words import (
    BANDS,
    CATEGORIES,
    MODES,
    STAGES,
    field_label,
    number,
    rule_name,
    rule_sentence,
)
from leads.models import DefinitionSet
from leads.scoring.model import DEFAULT_THRESHOLDS

Json = dict[str, Any]

SCORING, THRESHOLDS, ICP, KEY_FIELDS, REVIEW = "Scoring", "Thresholds", "ICP", "Key fields", "Review"
OTHERWISE = "written in another way"  # what has changed, but in no way that words can tell
LIMITS = {
    "max": ("at most {} points", "no limit"),
    "half_life_days": ("halves every {} days", "never fades"),
    "daily_cap": ("at most {} a day", "no daily limit"),
}


@dataclass(frozen=True)
class Difference:
    part: str
    text: str


def differences(old: DefinitionSet, new: DefinitionSet) -> list[Difference]:
    """Return what is different, in the order people read definitions; nothing if they are the same."""
    found: list[Difference] = []
    for stage, label in STAGES.items():
        found += _part(label, _stage(old, stage), _stage(new, stage), _stage_changes)
    found += _part(SCORING, _model(old), _model(new), _scoring_changes)
    found += _part(THRESHOLDS, _thresholds(old), _thresholds(new), _threshold_changes)
    found += _part(ICP, old.icp, new.icp, _icp_changes)
    found += _part(KEY_FIELDS, old.key_fields, new.key_fields, _key_field_changes)
    return found + _part(REVIEW, old.review_days, new.review_days, _review_changes)


def _part(name: str, old: Any, new: Any, changes: Any) -> list[Difference]:
    """Return the changes of a part; of one that is not the same, at least one."""
    if old == new:
        return []
    return [Difference(name, text) for text in changes(old, new)] or [Difference(name, OTHERWISE)]


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _stage(definition: DefinitionSet, stage: str) -> Any:
    spec = _object(definition.stages).get(stage)
    return {"when": None, "mode": "manual", **spec} if isinstance(spec, dict) else spec or _unset_stage()


def _unset_stage() -> Json:
    return {"when": None, "mode": "manual"}


def _stage_changes(old: Any, new: Any) -> Iterator[str]:
    before, after = _object(old), _object(new)
    modes = [MODES.get(str(spec.get("mode")), str(spec.get("mode"))) for spec in (before, after)]
    if modes[0] != modes[1]:
        yield f"promotion: {modes[0]} → {modes[1]}"
    yield from trees.changes(before.get("when"), after.get("when"))


def _icp_changes(old: Any, new: Any) -> Iterator[str]:
    if old is None or new is None:
        yield "set for the first time" if old is None else "dropped: there is no ICP any more"
    yield from trees.changes(old, new)


def _key_field_changes(old: Any, new: Any) -> Iterator[str]:
    before, after = ([*names] if isinstance(names, list) else [names] for names in (old, new))
    yield from (f"added: {field_label(name)}" for name in after if name not in before)
    yield from (f"removed: {field_label(name)}" for name in before if name not in after)


def _review_changes(old: Any, new: Any) -> Iterator[str]:
    yield f"every {old} → {new} days"


# scoring


def _model(definition: DefinitionSet) -> Any:
    """Return the scoring model without its thresholds."""
    scoring = definition.scoring
    if not isinstance(scoring, dict):
        return scoring
    return {key: value for key, value in scoring.items() if key != "thresholds"}


def _thresholds(definition: DefinitionSet) -> Any:
    if not isinstance(definition.scoring, dict):
        return None
    given = definition.scoring.get("thresholds")
    return DEFAULT_THRESHOLDS if given is None else given


def _threshold_changes(old: Any, new: Any) -> Iterator[str]:
    before, after = _object(old), _object(new)
    for band, label in BANDS.items():
        was, now = before.get(band), after.get(band)
        if was != now:
            yield f"{label} from {_from_to(was, now)} points"


def _from_to(was: Any, now: Any) -> str:
    return " → ".join("none" if value is None else number(value) for value in (was, now))


def _scoring_changes(old: Any, new: Any) -> Iterator[str]:
    if old is None or new is None:
        yield "leads are scored from now on" if old is None else "leads are not scored any more"
    before, after = _object(old), _object(new)
    yield from _category_changes(before, after)
    yield from _rule_changes(_rules(before), _rules(after))


def _category_changes(old: Json, new: Json) -> Iterator[str]:
    for category, label in CATEGORIES.items():
        caps = [_object(model.get("caps")).get(category) for model in (old, new)]
        if caps[0] != caps[1]:
            said = ["no limit" if cap is None else f"at most {number(cap)} points" for cap in caps]
            yield f"{label}: {said[0]} → {said[1]}"
        weights = [_weight(model, category) for model in (old, new)]
        if weights[0] != weights[1]:
            yield f"{label}: counted {number(weights[0])} → {number(weights[1])} times"


def _weight(model: Json, category: str) -> Any:
    weight = _object(model.get("weights")).get(category)
    return 1 if weight is None else weight


def _rules(model: Json) -> list[Any]:
    rules = model.get("rules")
    return rules if isinstance(rules, list) else []


def _rule_changes(old: list[Any], new: list[Any]) -> Iterator[str]:
    gone = [rule for rule in old if rule not in new]
    come = [rule for rule in new if rule not in old]
    for before in list(gone):
        after = _counterpart(before, come)
        if after is not None:
            gone.remove(before)
            come.remove(after)
            yield from _one_rule(before, after)
    yield from (f"removed: {_rule_words(rule)}" for rule in gone)
    yield from (f"added: {_rule_words(rule)}" for rule in come)


def _counterpart(rule: Any, others: list[Any]) -> Any:
    """Return what became of a rule: the one of the same name, or the same rule under another name."""
    named = (other for other in others if _object(other).get("slug") == _object(rule).get("slug"))
    renamed = (other for other in others if _nameless(other) == _nameless(rule))
    return next(named, None) or next(renamed, None)


def _nameless(rule: Any) -> Any:
    return {**rule, "slug": None} if isinstance(rule, dict) else rule


def _rule_words(rule: Any) -> str:
    return f"“{rule_name(rule)}”, {rule_sentence(rule)}"


def _one_rule(old: Any, new: Any) -> Iterator[str]:
    before, after = _object(old), _object(new)
    name = f"“{rule_name(before)}”"
    found = [*_basics(before, after), *_limit_changes(before, after)]
    if found:
        yield from (f"{name} {text}" for text in found)
    conditions = list(trees.changes(before.get("when"), after.get("when")))
    yield from (f"{name}: {text}" for text in conditions)
    if not found and not conditions:
        yield f"{name}: {OTHERWISE}"


def _basics(old: Json, new: Json) -> Iterator[str]:
    if old.get("slug") != new.get("slug"):
        yield f"is called “{rule_name(new)}”"
    if old.get("points") != new.get("points"):
        yield f"{number(old.get('points'))} → {number(new.get('points'))} points"
    categories = [CATEGORIES.get(str(rule.get("category")), "?") for rule in (old, new)]
    if categories[0] != categories[1]:
        yield f"counted under {categories[0]} → {categories[1]}"
    if old.get("per_event") != new.get("per_event"):
        yield f"for each {_event(old)} → for each {_event(new)}"


def _event(rule: Json) -> str:
    return "lead" if rule.get("per_event") is None else event_words(rule["per_event"])


def _limit_changes(old: Json, new: Json) -> Iterable[str]:
    for key, (words, without) in LIMITS.items():
        values = [rule.get(key) for rule in (old, new)]
        if values[0] != values[1]:
            said = [without if value is None else words.format(number(value)) for value in values]
            yield f"{said[0]} → {said[1]}"
