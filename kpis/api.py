"""The report over HTTP."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kpis import report
from kpis.permissions import SeesFigures
from kpis.printing import plain
from kpis.query import ReportParameters, parse
from kpis.schema import ErrorSchema, ProblemSchema, ReportSchema


class KpiReport(APIView):
    """The 25 lead-generation KPIs of a period: numbers as in the specification."""

    permission_classes = [SeesFigures]

    @extend_schema(
        operation_id="kpis",
        parameters=[ReportParameters],
        responses={
            200: ReportSchema,
            400: OpenApiResponse(ProblemSchema, description="Messages by parameter."),
            403: OpenApiResponse(ErrorSchema, description="Not logged in, or not a manager."),
        },
    )
    def get(self, request: Request) -> Response:
        return Response(plain(report.build(parse(request.query_params))))
