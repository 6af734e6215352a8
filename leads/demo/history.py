"""How the demo's definitions came to be what they are: two earlier versions, and who judged under which."""

from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from leads.models import DefinitionSet, StageEvent, User

BEGUN, RAISED, NARROWED = (timedelta(days=days) for days in (560, 245, 115))
REASONS = (
    "First definitions, agreed with sales",
    "An MQL needs 50 points: too many were rejected",
    "Competitors are out, and small companies count less",
)


def tell(until: datetime) -> None:
    """Put two versions before the published one and date all three; moves name the version of their day."""
    now = DefinitionSet.current()
    starts = [until - ago for ago in (BEGUN, RAISED, NARROWED)]
    by = User.objects.filter(role=User.Role.ADMIN).order_by("pk").first()
    told: dict[str, Any] = {"published_by": by, "edited_by": by}
    dates = {"created_at": starts[2], "edited_at": starts[2], "effective_from": starts[2]}
    dates["review_reminded_at"] = until  # it is due, and needs no mail to say so
    DefinitionSet.objects.filter(pk=now.pk).update(**told, **dates, number=3, reason=REASONS[2])
    contents = [_first(now), _second(now)]
    for place, content in enumerate(contents):
        DefinitionSet.objects.create(
            **content,
            **told,
            number=place + 1,
            status=DefinitionSet.Status.SUPERSEDED,
            key_fields=now.key_fields,
            reason=REASONS[place],
            created_at=starts[place],
            edited_at=starts[place],
            effective_from=starts[place],
            superseded_at=starts[place + 1],
        )
    _name_versions()


def _second(now: DefinitionSet) -> dict[str, Any]:
    """Return what held before: competitors could become MQL, small companies had more points."""
    stages: Any = deepcopy(now.stages)
    scoring: Any = deepcopy(now.scoring)
    stages["mql"]["when"]["all"].pop()
    small = next(rule for rule in scoring["rules"] if rule["slug"] == "11-to-50-employees")
    small["points"] = 8
    return {"icp": now.icp, "scoring": scoring, "stages": stages}


def _first(now: DefinitionSet) -> dict[str, Any]:
    """Return what held first: 45 points were enough."""
    content = _second(now)
    content["stages"]["mql"]["when"]["all"][0]["value"] = 45
    content["scoring"]["thresholds"]["mql"] = 45
    return content


def _name_versions() -> None:
    for version in DefinitionSet.objects.exclude(status=DefinitionSet.Status.DRAFT):
        judged = StageEvent.objects.filter(stage__in=("mql", "sal", "sql"), at__gte=version.effective_from)
        if version.superseded_at:
            judged = judged.filter(at__lt=version.superseded_at)
        judged.update(definition=version)
