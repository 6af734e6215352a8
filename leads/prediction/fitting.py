"""Fitting models to numbers. Imports scikit-learn: only workers that train may import this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import TimeSeriesSplit
from threadpoolctl import threadpool_limits

Matrix = NDArray[np.float64]
Truths = NDArray[np.bool_]

STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)  # scikit-learn's C: the smaller, the closer to the average
FOLDS = 5
SEED = 1


@dataclass(frozen=True)
class Fit:
    """A logistic regression over standardised columns."""

    intercept: float
    coefficients: list[float]  # per standard deviation
    means: list[float]
    scales: list[float]
    strength: float

    def chances(self, rows: Matrix) -> list[float]:
        logits = ((rows - self.means) / self.scales) @ np.array(self.coefficients) + self.intercept
        return [float(chance) for chance in 1 / (1 + np.exp(-logits))]


def matrix(rows: Sequence[Sequence[float]]) -> Matrix:
    return np.array(rows, dtype=np.float64)


def logistic(rows: Matrix, won: Sequence[bool]) -> Fit:
    """Fit to rows in order of time, as strictly as earlier rows predict later ones best."""
    truths = np.array(won)
    strength = min(STRENGTHS, key=lambda strength: _loss(rows, truths, strength))
    return _fit(rows, truths, strength)


def _loss(rows: Matrix, truths: Truths, strength: float) -> float:
    """Return the mean log loss of later rows, predicted from those before them."""
    losses = [
        log_loss(
            truths[later], _fit(rows[before], truths[before], strength).chances(rows[later]), labels=[0, 1]
        )
        for before, later in TimeSeriesSplit(FOLDS).split(rows)
        if 0 < truths[before].sum() < len(before)
    ]
    return float(np.mean(losses)) if losses else strength


def _fit(rows: Matrix, truths: Truths, strength: float) -> Fit:
    means, scales = _standard(rows)
    model = LogisticRegression(C=strength, max_iter=2_000, random_state=SEED)
    model.fit((rows - means) / scales, truths)
    coefficients = [float(value) for value in model.coef_[0]]
    return Fit(float(model.intercept_[0]), coefficients, means.tolist(), scales.tolist(), strength)


def _standard(rows: Matrix) -> tuple[Matrix, Matrix]:
    scales = rows.std(axis=0)
    return rows.mean(axis=0), np.where(scales > 0, scales, 1.0)


def boosted(rows: Matrix, won: Sequence[bool], later: Matrix) -> list[float]:
    """Return the chances of later rows by gradient boosting, for comparison."""
    model = HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.06, max_leaf_nodes=15, early_stopping=False, random_state=SEED
    )
    with threadpool_limits(1):  # its threads spin where a machine has other work
        model.fit(rows, np.array(won))
    return [float(chance) for chance in model.predict_proba(later)[:, 1]]


def weigh(rows: Matrix, won: Sequence[bool]) -> list[tuple[float, float]]:
    """Return what one unit of each column adds to the logit, with its standard error.

    The error is from the inverse of the penalised information matrix XᵀWX + I ÷ C.
    """
    fit = logistic(rows, won)
    standard = (rows - np.array(fit.means)) / np.array(fit.scales)
    chances = np.array(fit.chances(rows))
    known = np.column_stack([np.ones(len(rows)), standard])
    penalty = np.eye(known.shape[1]) / fit.strength
    penalty[0, 0] = 0
    information = known.T @ (known * (chances * (1 - chances))[:, None]) + penalty
    errors = np.sqrt(np.diag(np.linalg.inv(information)))[1:]
    pairs = zip(fit.coefficients, errors, fit.scales, strict=True)
    return [(coefficient / scale, float(error) / scale) for coefficient, error, scale in pairs]
