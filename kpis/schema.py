"""The report's shape for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from kpis.catalog import GROUPS, KPIS

UNITS = tuple(dict.fromkeys(kpi.unit for kpi in KPIS.values()))


class ValuesSchema(serializers.Serializer[Any]):
    value = serializers.FloatField(allow_null=True)
    numerator = serializers.FloatField(allow_null=True)
    denominator = serializers.FloatField(allow_null=True)


class RowSchema(ValuesSchema):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class BucketSchema(ValuesSchema):
    start = serializers.DateField()


class KpiSchema(ValuesSchema):
    slug = serializers.ChoiceField(tuple(KPIS))
    name = serializers.CharField()
    group = serializers.ChoiceField(tuple(GROUPS))
    unit = serializers.ChoiceField(UNITS)
    good = serializers.ChoiceField(("up", "down"), allow_null=True)
    n = serializers.IntegerField()
    note = serializers.CharField(allow_blank=True)
    previous = serializers.FloatField(allow_null=True)
    change_percent = serializers.FloatField(allow_null=True)
    target = serializers.FloatField(allow_null=True)
    details = serializers.DictField()
    breakdown = RowSchema(many=True, required=False)
    series = BucketSchema(many=True, required=False)


class PeriodSchema(serializers.Serializer[Any]):
    to = serializers.DateField()
    time_zone = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"from": serializers.DateField(), **super().get_fields()}


class ReportSchema(serializers.Serializer[Any]):
    kind = serializers.CharField()
    period = PeriodSchema()
    as_of = serializers.DateTimeField()
    basis = serializers.CharField()
    currency = serializers.CharField()
    attribution = serializers.CharField()
    cost = serializers.CharField()
    restated = serializers.IntegerField(required=False)
    filters = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    by = serializers.CharField(allow_null=True)
    grain = serializers.CharField(allow_null=True)
    kpis = KpiSchema(many=True)


class ProblemSchema(serializers.Serializer[Any]):
    """Parameter names with lists of messages."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"from": serializers.ListField(child=serializers.CharField(), required=False)}


class ErrorSchema(serializers.Serializer[Any]):
    detail = serializers.CharField()
