"""Section 4: does a lead meet a condition at an instant?"""

from datetime import datetime, timedelta
from typing import Any

from tests.reference import ladder, scoring
from tests.reference.reading import Bundle, Lead

FREE_DOMAINS = {"gmail.com", "yahoo.com", "hotmail.com", "outlook.com"}  # the ones our bundles use
NUMBERS = ("company_size", "score", "age_days", "attempts")


def holds(condition: Any, lead: Lead, at: datetime, bundle: Bundle) -> bool:
    """ "An empty `all` (or no condition) is true, an empty `any` false"."""
    if not condition:
        return True
    if "all" in condition:
        return all(holds(part, lead, at, bundle) for part in condition["all"])
    if "any" in condition:
        return any(holds(part, lead, at, bundle) for part in condition["any"])
    if "not" in condition:
        return not holds(condition["not"], lead, at, bundle)
    if "event" in condition:
        return event_holds(condition, lead, at)
    value = field_value(condition["field"], lead, at, bundle)
    return field_holds(value, condition["op"], condition.get("value"))


def event_holds(condition: Any, lead: Lead, at: datetime) -> bool:
    """ "Over behaviour events up to as_of; D × 24 hours, edges included; no `within_days` = ever"."""
    happened = [e.at for e in lead.events if e.kind == condition["event"] and e.at <= at]
    if condition.get("within_days") is not None:
        oldest = at - timedelta(days=condition["within_days"])
        happened = [moment for moment in happened if moment >= oldest]
    if condition["op"] == "count_gte":
        return len(happened) >= condition["value"]
    return len(happened) < condition["value"]


def field_value(name: str, lead: Lead, at: datetime, bundle: Bundle) -> Any:
    """Return the field's value at the instant; None or "" where it is blank."""
    special = {
        "company_size": lambda: lead.company_size,
        "channel": lambda: lead.channel,
        "tags": lambda: lead.tags,
        "email_domain": lambda: email_domain(lead),
        "free_email": lambda: email_domain(lead) in FREE_DOMAINS if email_domain(lead) else None,
        "score": lambda: scoring.score_of(bundle, lead, at),
        "stage": lambda: ladder.current_stage(lead, at),
        # "age_days (whole days), attempts (count)"
        "age_days": lambda: (at - lead.created_at) // timedelta(days=1),
        "attempts": lambda: sum(attempt.at <= at for attempt in lead.attempts),
    }
    return special[name]() if name in special else lead.row[name]


def email_domain(lead: Lead) -> str:
    return lead.row["email"].rpartition("@")[2].casefold() if "@" in lead.row["email"] else ""


def field_holds(value: Any, op: str, wanted: Any) -> bool:
    blank = value is None or value in ("", [])
    if op == "is_blank":
        return blank
    if blank:  # "on a blank field every op but `is_blank` is false (`ne`, `not_in` too)"
        return False
    if op == "is_set":
        return True
    if isinstance(value, list):
        return tags_hold(value, op, wanted)
    return OPS[op](fold(value), fold(wanted))


def tags_hold(tags: list[str], op: str, wanted: Any) -> bool:
    """ "`eq`/`contains` = has it; `ne`/`not_in` = has tags, none of these"."""
    listed = wanted if isinstance(wanted, list) else [wanted]
    has_one = any(fold(tag) in fold(listed) for tag in tags)
    return not has_one if op in ("ne", "not_in") else has_one


def fold(value: Any) -> Any:
    """ "Text compares without case, folded in Unicode" (`ÉTUDIANT` = `étudiant`)."""
    if isinstance(value, str):
        return value.casefold()
    return [fold(part) for part in value] if isinstance(value, list) else value


OPS = {
    "eq": lambda value, wanted: value == wanted,
    "ne": lambda value, wanted: value != wanted,
    "in": lambda value, wanted: value in wanted,
    "not_in": lambda value, wanted: value not in wanted,
    "contains": lambda value, wanted: wanted in value,
    "starts_with": lambda value, wanted: value.startswith(wanted),
    "ends_with": lambda value, wanted: value.endswith(wanted),
    "gt": lambda value, wanted: value > wanted,
    "gte": lambda value, wanted: value >= wanted,
    "lt": lambda value, wanted: value < wanted,
    "lte": lambda value, wanted: value <= wanted,
    "between": lambda value, wanted: wanted[0] <= value <= wanted[1],
}
