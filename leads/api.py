"""Leads over HTTP: moves on the ladder."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from leads import stages
from leads.models import Lead, Stage, StageEvent, User, Workspace


class MoveSchema(serializers.Serializer[Any]):
    """A move asked for. `returns_at` without an offset is workspace time."""

    to = serializers.CharField(help_text=f"One of {', '.join(Stage.values)}.", max_length=12)
    reason = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=stages.LONGEST_REASON
    )
    override = serializers.BooleanField(required=False, default=False)
    returns_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class StageEventSchema(serializers.ModelSerializer[StageEvent]):
    """A move that was made."""

    lead = serializers.CharField(source="lead.key")
    by = serializers.CharField(source="by.username", allow_null=True)
    unmet = serializers.ListField(child=serializers.CharField(), help_text="Criteria that were overridden.")
    definition = serializers.IntegerField(source="definition.number", allow_null=True, default=None)

    class Meta:
        model = StageEvent
        fields = ["lead", "from_stage", "stage", "at", "by", "reason", "unmet", "returns_at", "definition"]


class RefusedMoveSchema(serializers.Serializer[Any]):
    """Messages by field, the stages the lead may move to, and the criteria it misses."""

    to = serializers.ListField(child=serializers.CharField(), required=False)
    reason = serializers.ListField(child=serializers.CharField(), required=False)
    override = serializers.ListField(child=serializers.CharField(), required=False)
    returns_at = serializers.ListField(child=serializers.CharField(), required=False)
    legal = serializers.ListField(child=serializers.CharField())
    missing = serializers.ListField(child=serializers.CharField())


class ApiErrorSchema(serializers.Serializer[Any]):
    detail = serializers.CharField()


class ShallowJson(JSONParser):
    """JSON that is not nested without end."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().parse(*args, **kwargs)
        except RecursionError as error:
            raise ParseError("This is nested too deep.") from error


class LeadMoves(APIView):
    """The moves of a lead on the ladder."""

    parser_classes = [ShallowJson]

    @extend_schema(
        operation_id="move_lead",
        request=MoveSchema,
        responses={
            201: StageEventSchema,
            400: OpenApiResponse(RefusedMoveSchema, description="Why the move is refused."),
            403: OpenApiResponse(ApiErrorSchema, description="Not logged in."),
            404: OpenApiResponse(ApiErrorSchema, description="No lead that you can see."),
        },
    )
    def post(self, request: Request, key: str) -> Response:
        """Move a lead, as the button on its page does."""
        lead = _visible(request, key)
        now = timezone.now()
        with timezone.override(Workspace.current().zone):
            asked = MoveSchema(data=request.data)
            if not asked.is_valid():
                return _refused(asked.errors, stages.legal_here(lead, now, _user(request)))
            try:
                event = stages.move(lead, at=now, by=_user(request), **asked.validated_data)
            except stages.StageError as error:
                return _refused({error.field: [error.message]}, error.legal, error.missing)
            return Response(StageEventSchema(event).data, status=status.HTTP_201_CREATED)


def _visible(request: Request, key: str) -> Lead:
    found = None if "\0" in key else Lead.objects.visible_to(request.user).filter(key=key).first()
    if found is None:
        raise Http404
    lead: Lead = found
    return lead


def _user(request: Request) -> User:
    assert request.user.is_authenticated
    return request.user


def _refused(problems: dict[str, Any], legal: list[str], missing: list[str] | None = None) -> Response:
    body = {**problems, "legal": legal, "missing": missing or []}
    return Response(body, status=status.HTTP_400_BAD_REQUEST)
