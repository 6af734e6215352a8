"""Everything that is wrong with a definition, each where it is wrong.

What stores or imports a definition stops at the first mistake; who writes one wants to see all of them.
So the parts are checked one by one, by the very code that will read them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from leads import conditions, scoring
from leads.conditions.tree import MAX_DEPTH
from leads.conditions.values import ConditionError, below
from leads.definitions import circles, contradictions, references
from leads.definitions.found import ERROR, WARNING, Problem
from leads.definitions.key_fields import KEY_FIELD_CHOICES
from leads.definitions.words import BANDS, MODES, STAGES, is_always, number
from leads.models import DefinitionSet
from leads.scoring.model import MAX_RULES, NOT_IN_RULES, read_thresholds

__all__ = ["ERROR", "WARNING", "Problem", "errors", "problems"]

MAX_SLUG = 100  # as long as a bundle may carry it
MAX_REVIEW_DAYS = 3_650
TREE = ("all", "any", "not")
VALID_TEST = {"field": "age_days", "op": "gte", "value": 0}
VALID_EVENTS = {"event": "x", "op": "count_gte", "value": 1}
VALID_RULE = {"slug": "x", "category": "demographic", "points": 1}

Found = Iterator[Problem]
Json = dict[str, Any]


def problems(definition: DefinitionSet) -> list[Problem]:
    """Return all that is wrong with a definition, and what is only odd, in the order of its parts."""
    found = [*_scoring(definition.scoring), *_stages(definition.stages)]
    found += [*_condition(definition.icp, "icp"), *_key_fields(definition.key_fields)]
    found += _review(definition.review_days)
    return [*found, *references.missing(definition)]


def errors(definition: DefinitionSet) -> list[Problem]:
    """Return what keeps a definition from being published."""
    return [problem for problem in problems(definition) if problem.level == ERROR]


def _refused(check: Callable[[], object], path: str) -> Found:
    """Yield what a check raises, below a path."""
    try:
        check()
    except ConditionError as error:
        yield Problem(_joined(path, error.path), error.message)


def _joined(path: str, rest: str) -> str:
    return f"{path}.{rest}".strip(".").replace(".[", "[")


# conditions


def _condition(raw: Any, path: str, forbid: frozenset[str] = frozenset()) -> Found:
    """Yield what is wrong in a condition: each test by itself, then the whole, then what it means."""
    if raw is None:
        return
    found = list(_nodes(raw, path, forbid))
    found = found or list(_refused(lambda: conditions.check(raw, forbid=forbid), path))
    yield from found or contradictions.contradictions(raw, path)


def _nodes(raw: Any, path: str, forbid: frozenset[str], depth: int = 1) -> Found:
    name = next((key for key in TREE if isinstance(raw, dict) and key in raw), "")
    if not name or depth > MAX_DEPTH or "field" in raw or "event" in raw:
        yield from _test(raw, path, forbid)
    elif name == "not":
        yield from _unknown_keys(raw, {"not"}, path)
        yield from _nodes(raw["not"], below(path, "not"), forbid, depth + 1)
    elif not isinstance(raw[name], list):
        yield Problem(below(path, name), "must be a list of conditions")
    else:
        yield from _unknown_keys(raw, {name}, path)
        for index, part in enumerate(raw[name]):
            yield from _nodes(part, below(below(path, name), index), forbid, depth + 1)


def _unknown_keys(raw: Json, known: set[str], path: str) -> Found:
    for key in raw:
        if key not in known:
            yield Problem(below(path, str(key)), "is not known here")


def _test(raw: Any, path: str, forbid: frozenset[str]) -> Found:
    """Yield what is wrong with a condition that holds no other."""

    def refused(condition: Any) -> list[Problem]:
        return list(_refused(lambda: conditions.check(condition, forbid=forbid), path))

    first = refused(raw)
    if first and isinstance(raw, dict) and "field" in raw:
        first = _items(raw, refused, path) or first
    elif first and isinstance(raw, dict) and "event" in raw:
        first = [problem for key in raw for problem in refused({**VALID_EVENTS, key: raw[key]})] or first
    yield from first


def _items(raw: Json, refused: Callable[[Any], list[Problem]], path: str) -> list[Problem]:
    """Return what is wrong with the values of a list, each at its own place."""
    values = raw.get("value")
    if raw.get("op") not in ("in", "not_in", "between") or not isinstance(values, list):
        return []
    return [
        Problem(below(below(path, "value"), index), problem.message)
        for index, value in enumerate(values)
        for problem in refused({**raw, "op": "eq", "value": value})
        if problem.path == below(path, "value")
    ]


# scoring


def _scoring(raw: Any) -> Found:
    if raw is None:
        return
    if not isinstance(raw, dict):
        yield Problem("scoring", "must be an object")
        return
    yield from _unknown_keys(raw, {"weights", "caps", "rules", "thresholds"}, "scoring")
    for key in ("weights", "caps"):
        yield from _categories(raw.get(key), key)
    found = list(_rules(raw.get("rules")))
    found = found or list(_refused(lambda: scoring.check({"rules": raw.get("rules")}), "scoring"))
    yield from found
    yield from _thresholds(raw.get("thresholds"))


def _categories(raw: Any, key: str) -> Found:
    if not isinstance(raw, dict):
        yield from _refused(lambda: scoring.check({key: raw}), "scoring")
        return
    for name, value in raw.items():
        yield from _refused(partial(scoring.check, {key: {name: value}}), "scoring")


def _thresholds(raw: Any) -> Found:
    """Yield thresholds that are no numbers, then those that are not above the one before."""
    if raw is None:
        return
    if not isinstance(raw, dict):
        yield Problem("scoring.thresholds", "must be an object")
        return
    yield from _unknown_keys(raw, set(BANDS), "scoring.thresholds")
    before: tuple[str, Any] | None = None
    for band, label in BANDS.items():
        wrong = _wrong_threshold(raw.get(band))
        if wrong:
            yield Problem(f"scoring.thresholds.{band}", wrong)
            continue
        if before and raw[band] <= before[1]:
            yield Problem(
                f"scoring.thresholds.{band}", f"must be more than {before[0]}, which is {number(before[1])}"
            )
        before = label, raw[band]


def _wrong_threshold(value: Any) -> str:
    try:
        read_thresholds(dict.fromkeys(BANDS, value))
    except ConditionError as error:
        return error.message if "." in error.path else ""  # without a dot: that they do not rise
    return ""


def _rules(raw: Any) -> Found:
    if raw is not None and not isinstance(raw, list):
        yield Problem("scoring.rules", f"must be a list of at most {MAX_RULES} rules")
        return
    slugs: set[Any] = set()
    for index, rule in enumerate((raw or [])[:MAX_RULES]):
        path = f"scoring.rules[{index}]"
        yield from _rule(rule, path)
        slug = rule.get("slug") if isinstance(rule, dict) else None
        if isinstance(slug, str):
            yield from _slug(slug, slugs, f"{path}.slug")
            slugs.add(slug)


def _slug(slug: str, others: set[Any], path: str) -> Found:
    if slug in others:
        yield Problem(path, f"{slug!r} is there twice")
    if len(slug) > MAX_SLUG:
        yield Problem(path, f"must be at most {MAX_SLUG} characters long")


def _rule(raw: Any, path: str) -> Found:
    """Yield what is wrong with a rule: each of its keys by itself, then how they go together."""

    def refused(rule: Any) -> list[Problem]:
        found = _refused(lambda: scoring.check({"rules": [rule]}), "")
        return [
            Problem(f"{path}{problem.path.removeprefix('rules[0]')}", problem.message) for problem in found
        ]

    if not isinstance(raw, dict):
        yield from refused(raw)
        return
    counts_events = raw.get("per_event") is not None
    found = [*_condition(raw.get("when"), f"{path}.when", NOT_IN_RULES)] if not counts_events else []
    plain = {key: value for key, value in raw.items() if key != "when" or counts_events}
    base = {**VALID_RULE, "per_event": "x"} if counts_events else VALID_RULE
    for key in {**VALID_RULE, **plain}:
        found += refused({**base, key: raw.get(key)})
    yield from found or refused(raw)


# stages and the rest


def _stages(raw: Any) -> Found:
    if not isinstance(raw, dict):
        yield Problem("stages", "must be an object")
        return
    yield from _unknown_keys(raw, set(STAGES), "stages")
    for stage in STAGES:
        if raw.get(stage) is not None:
            yield from _stage(stage, raw[stage])


def _stage(stage: str, raw: Any) -> Found:
    path = f"stages.{stage}"
    if not isinstance(raw, dict):
        yield Problem(path, "must be an object")
        return
    yield from _unknown_keys(raw, {"when", "mode"}, path)
    mode = raw.get("mode")
    if mode is not None and (not isinstance(mode, str) or mode not in MODES):
        yield Problem(f"{path}.mode", "must be automatic or manual")
    found = [*_condition(raw.get("when"), f"{path}.when"), *circles.circles(stage, raw.get("when"))]
    yield from found
    if mode == "automatic" and is_always(raw.get("when")):
        yield Problem(f"{path}.when", f"asks for nothing: every lead becomes {STAGES[stage]}", WARNING)


def _key_fields(raw: Any) -> Found:
    if not isinstance(raw, list):
        yield Problem("key_fields", "must be a list of fields")
        return
    for index, name in enumerate(raw):
        if not isinstance(name, str) or name not in KEY_FIELD_CHOICES:
            yield Problem(f"key_fields[{index}]", f"{name!r:.100} is not a field that forms ask for")
        elif name in raw[:index]:
            yield Problem(f"key_fields[{index}]", f"{name!r} is there twice")


def _review(days: Any) -> Found:
    if not isinstance(days, int) or not 1 <= days <= MAX_REVIEW_DAYS:
        yield Problem("review_days", f"must be between 1 and {MAX_REVIEW_DAYS:,}")
