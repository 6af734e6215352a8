"""The forecast: what it is worth, what counts in it, and the points it would give the rules."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import exp, log
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from leads import backtest, jobs
from leads.definitions.refusals import DefinitionError
from leads.definitions.words import rule_name, rule_sentence, signed
from leads.models import DefinitionSet, PredictiveModel
from leads.prediction import training
from leads.prediction.predict import Weights
from leads.prediction.suggestions import VERDICTS, Suggestion
from leads.prediction.taking import offered, take
from leads.prediction.words import column_name
from leads.views.access import admins_only, figures_only
from leads.views.rendering import page

MOST_SHOWN = 14
HISTORY = 20
LEAST_TOLD = 1.05  # times the odds; less is not worth a line


@dataclass(frozen=True)
class Influence:
    """What a column does to the odds of becoming a customer."""

    name: str
    times: float
    size: float  # of 100

    @property
    def is_good(self) -> bool:
        return self.times > 1


@dataclass(frozen=True)
class SuggestedRow:
    suggestion: Suggestion
    is_offered: bool
    is_ticked: bool

    @property
    def slug(self) -> str:
        return str(self.suggestion["rule"]["slug"])

    @property
    def name(self) -> str:
        return rule_name(self.suggestion["rule"])

    @property
    def sentence(self) -> str:
        return rule_sentence(self.suggestion["rule"])

    @property
    def present(self) -> str:
        return signed(self.suggestion["rule"]["points"])

    @property
    def suggested(self) -> str:
        points = self.suggestion["suggested"]
        return "" if points is None else signed(points) if points else "0"

    @property
    def words(self) -> str:
        return VERDICTS[self.suggestion["verdict"]]


@require_safe
@figures_only
def prediction_page(request: HttpRequest) -> HttpResponse:
    return _page(request)


def _page(
    request: HttpRequest, *, problem: str = "", ticked: Collection[str] | None = None, status: int = 200
) -> HttpResponse:
    models = list(PredictiveModel.objects.select_related("definition")[:HISTORY])
    context = {
        "section": "scoring",
        "tab": "prediction",
        "job": jobs.latest(training.KIND),
        "model": models[0] if models else None,
        "models": models,
        "problem": problem,
        "minimum": training.FEWEST,
        **(_about(models[0], ticked) if models else {}),
    }
    response = page(request, "definitions/prediction.html", context)
    response.status_code = status
    return response


def _about(model: PredictiveModel, ticked: Collection[str] | None) -> dict[str, Any]:
    subject = backtest.subject()
    return {
        "quality": model.quality,
        "dates": _dates(model.quality),
        "verdict": _verdict(model.quality),
        "chart": _chart(model.quality["calibration"]),
        "influences": influences(Weights(model.weights)),
        "rows": _rows(model, subject, ticked),
        "subject": subject,
    }


def _dates(quality: dict[str, Any]) -> dict[str, datetime]:
    return {
        f"{part}_{end}": datetime.fromisoformat(quality[part][end])
        for part in ("trained", "held_out")
        for end in ("first", "last")
    }


def _verdict(quality: dict[str, Any]) -> str:
    """Say in words whether the forecast is of use."""
    area, low, _ = quality["auc"]
    if low <= 0.5:
        return "It cannot be told from chance: do not go by it."
    score = quality["score"]
    if score is None:
        return "It tells won leads from lost ones better than chance."
    if area > score["auc"][2]:
        return "It tells won leads from lost ones better than the rules' score does."
    if area < score["auc"][1]:
        return "The rules' score tells won leads from lost ones better: go by the score."
    return "It tells won leads from lost ones about as well as the rules' score."


def _chart(bins: Sequence[dict[str, Any]]) -> dict[str, Any]:
    def shares(name: str) -> list[float]:
        return [100 * each[name] for each in bins]

    return {
        "labels": [str(number) for number in range(1, len(bins) + 1)],
        "sets": [
            {"name": "Predicted", "values": shares("predicted"), "colour": "c0"},
            {"name": "Became customers", "values": shares("observed"), "colour": "c1"},
        ],
        "unit": {"after": "%"},
        "x": "Groups of equal size, least to most likely",
    }


def influences(weights: Weights) -> list[Influence]:
    """Return what moves the odds most: with a thing against without, or the first time against none."""
    found = sorted(_odds(weights), key=lambda pair: -abs(log(pair[1])))[:MOST_SHOWN]
    most = max((abs(log(times)) for _, times in found), default=1.0)
    return [
        Influence(name, times, 100 * abs(log(times)) / most)
        for name, times in found
        if max(times, 1 / times) >= LEAST_TOLD
    ]


def _odds(weights: Weights) -> Iterator[tuple[str, float]]:
    for column, coefficient, _, scale in weights.columns:
        level = column.level
        written = weights.words.levels[column.feature].get(level) if level else None
        step = log(2) if column.counts else 1.0
        yield column_name(column, written), exp(min(50.0, max(-50.0, coefficient / scale * step)))


def _rows(
    model: PredictiveModel, subject: DefinitionSet, ticked: Collection[str] | None
) -> list[SuggestedRow]:
    """Return the suggestions; clear ones are ticked, unless somebody has ticked already."""
    open_ = offered(model, subject)

    def row(each: Suggestion) -> SuggestedRow:
        slug = each["rule"]["slug"]
        clear = each["verdict"] in ("raise", "lower")
        return SuggestedRow(
            each, slug in open_, slug in open_ and (clear if ticked is None else slug in ticked)
        )

    return [row(each) for each in model.suggestions]


@require_POST
@admins_only
def train(request: HttpRequest) -> HttpResponse:
    assert request.user.is_authenticated
    training.start(by=request.user, at=timezone.now())
    return redirect("definitions:prediction")


@require_POST
@admins_only
def take_points(request: HttpRequest) -> HttpResponse:
    """Put the ticked suggestions into the draft, or say why not and keep the ticks."""
    assert request.user.is_authenticated
    slugs = request.POST.getlist("rule")
    model = PredictiveModel.objects.first()
    if model is None or str(model.pk) != request.POST.get("model"):
        text = "The forecast was trained anew meanwhile: look at its suggestions first."
        return _page(request, problem=text, status=409)
    try:
        take(model, slugs, by=request.user, at=timezone.now())
    except DefinitionError as error:
        return _page(request, problem=error.message, ticked=slugs, status=409 if slugs else 422)
    return redirect("definitions:scoring")
