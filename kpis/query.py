"""What a report is asked for: the same parameters for page, API and command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.http import QueryDict
from rest_framework import serializers

from kpis import restating
from kpis.attribution import MODELS
from kpis.catalog import KPIS
from kpis.definitions import BANDS, DIMENSIONS, NONE
from kpis.periods import GRAINS, bucket_start, next_bucket
from leads.models import Workspace
from leads.times import EARLIEST, LATEST, parse_as_of

COSTS = ("shared", "loaded", "direct")
BASES = ("period", "cohort")
MOST_BUCKETS = 4000
MOST_VERSIONS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class ReportQuery:
    """A valid request for a report; `as_of` is None for now."""

    start: date
    end: date
    as_of: datetime | None = None
    basis: str = "period"
    by: str | None = None
    grain: str | None = None
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    attribution: str = Workspace.Attribution.LEAD_SOURCE
    cost: str = "shared"
    restated: int | None = None  # the number of the version that says who is MQL
    kpis: tuple[str, ...] = tuple(KPIS)


def parse(params: Mapping[str, Any], workspace: Workspace | None = None) -> ReportQuery:
    """Return the query; raise a ValidationError that names every bad field."""
    serializer = ReportParameters(data=params, context={"workspace": workspace or Workspace.current()})
    serializer.is_valid(raise_exception=True)
    query: ReportQuery = serializer.validated_data
    return query


class DayField(serializers.DateField):
    """A date between 1900 and 2999."""

    def to_internal_value(self, value: Any) -> date:
        day = super().to_internal_value(value)
        if not EARLIEST <= day <= LATEST:
            raise serializers.ValidationError(f"Use a date from {EARLIEST} to {LATEST}.")
        return day


class InstantField(serializers.CharField):
    """An ISO 8601 time in the workspace's time zone unless it names an offset."""

    def to_internal_value(self, data: Any) -> datetime:  # type: ignore[override]
        try:
            return parse_as_of(super().to_internal_value(data), self.context["workspace"].zone)
        except (ValueError, OverflowError):
            raise serializers.ValidationError(
                "Use a date or an ISO 8601 time, such as 2026-03-31 or 2026-03-31T18:00:00+02:00."
            ) from None


class FilterField(serializers.CharField):
    """`name=value`, where the value `(none)` means blank."""

    def to_internal_value(self, data: Any) -> tuple[str, str]:  # type: ignore[override]
        name, equals, value = super().to_internal_value(data).partition("=")
        if not equals:
            raise serializers.ValidationError("Write a filter as name=value, such as channel=google-ads.")
        if name not in DIMENSIONS:
            known = ", ".join(DIMENSIONS)
            raise serializers.ValidationError(f"Unknown filter “{name}”. Use one of {known}.")
        check_value(name, value)
        return name, value


def check_value(name: str, value: str) -> None:
    """Refuse a value that no row can have."""
    dimension = DIMENSIONS[name]
    if "\0" in value:
        raise serializers.ValidationError(f"Unknown {dimension.label.lower()}.")
    if value == NONE:
        return
    known = True
    if dimension.model:
        known = dimension.model._default_manager.filter(**{dimension.key: value}).exists()
    elif name == "company_size":
        known = value in {band for band, *_ in BANDS}
    if not known:
        raise serializers.ValidationError(f"Unknown {dimension.label.lower()} “{value}”.")


class ReportParameters(serializers.Serializer[Any]):
    """The query parameters of a report; `validated_data` is a ReportQuery."""

    to = DayField(help_text="Last day of the period, included.")
    as_of = InstantField(
        required=False, help_text="The instant the report speaks of; now if left out. A date means its end."
    )
    basis = serializers.ChoiceField(BASES, default="period")
    by = serializers.ChoiceField(tuple(DIMENSIONS), required=False, help_text="Dimension to break down by.")
    grain = serializers.ChoiceField(GRAINS, required=False, help_text="Adds a series.")
    filter = serializers.ListField(
        child=FilterField(),
        required=False,
        max_length=200,
        help_text="name=value, repeatable: the same name means any of them, different names mean all.",
    )
    attribution = serializers.ChoiceField(MODELS, required=False)
    cost = serializers.ChoiceField(COSTS, default="shared")
    restated = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_VERSIONS,
        help_text="Number of the version that says who is MQL; as judged then if left out.",
    )
    kpi = serializers.ListField(
        child=serializers.ChoiceField(tuple(KPIS)), required=False, help_text="Only these KPIs; repeatable."
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add `from`, which Python reserves."""
        first = DayField(help_text="First day of the period, included.")
        return {"from": first, **super().get_fields()}

    def to_internal_value(self, data: Any) -> Any:
        unknown = set(data) - set(self.fields) - {"format"}
        if unknown:
            raise serializers.ValidationError({name: ["Unknown parameter."] for name in sorted(unknown)})
        if isinstance(data, QueryDict):
            data = self._flat(data)
        return super().to_internal_value(data)

    def _flat(self, data: QueryDict) -> dict[str, Any]:
        """Read lists as lists, refuse other parameters given twice, and take an empty one as absent."""
        flat: dict[str, Any] = {}
        for name, values in data.lists():
            filled = [value for value in values if value != ""]
            if isinstance(self.fields.get(name), serializers.ListField):
                flat[name] = filled
            elif len(filled) > 1:
                raise serializers.ValidationError({name: ["Given more than once."]})
            elif filled:
                flat[name] = filled[0]
        return flat

    def validate(self, attrs: dict[str, Any]) -> Any:
        start, end, grain = attrs["from"], attrs["to"], attrs.get("grain")
        if attrs.get("restated"):
            restating.version(attrs["restated"])
        if start > end:
            raise serializers.ValidationError({"from": ["Must not be after “to”."]})
        if grain and _bucket_count(start, end, grain) > MOST_BUCKETS:
            raise serializers.ValidationError(
                {"grain": [f"More than {MOST_BUCKETS} buckets: use a coarser one."]}
            )
        filters: dict[str, tuple[str, ...]] = {}
        for name, value in attrs.get("filter", ()):
            filters[name] = (*filters.get(name, ()), value)
        return ReportQuery(
            start=start,
            end=end,
            as_of=attrs.get("as_of"),
            basis=attrs["basis"],
            by=attrs.get("by"),
            grain=grain,
            filters={name: tuple(dict.fromkeys(values)) for name, values in filters.items()},
            attribution=attrs.get("attribution") or self.context["workspace"].attribution_model,
            cost=attrs["cost"],
            restated=attrs.get("restated"),
            kpis=tuple(slug for slug in KPIS if slug in attrs.get("kpi", ())) or tuple(KPIS),
        )


def _bucket_count(start: date, end: date, grain: str) -> int:
    first = bucket_start(start, grain)
    return (end - first).days // (next_bucket(first, grain) - first).days + 1
