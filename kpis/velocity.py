"""Lead velocity: qualified leads of the last whole month against the month before."""

from __future__ import annotations

from datetime import date

from kpis.board import Board, Key
from kpis.definitions import Measure
from kpis.periods import DAY, GRAINS, Period, month_before, next_bucket
from leads.times import day_start


def months(board: Board, measure: Measure, axes: Key) -> dict[Key, tuple[str, int, int]]:
    """Return the month, its count and the count of the month before, per key of the axes."""
    if axes and axes[0] in GRAINS:
        return _by_bucket(board, measure, axes[0])
    month = last_month(board, board.period.last)
    now, before = (month_board(board, earlier=earlier).totals(measure, axes) for earlier in (False, True))
    return {
        key: (f"{month:%Y-%m}", now.get(key, 0), before.get(key, 0)) for key in board.keys(axes, now, before)
    }


def month_board(board: Board, *, earlier: bool = False) -> Board:
    """Return the board of the period's last month, or of the month before it."""
    month = last_month(board, board.period.last)
    month = _before(month) if earlier else month
    return _over(board, month, month)


def last_month(board: Board, day: date) -> date:
    """Return the last month that ends on or before a day and is over at as_of."""
    for month in month_before(day):
        following = next_bucket(month, "month")
        if following - DAY <= day and day_start(following, board.period.zone) <= board.as_of:
            return month
    raise AssertionError("months go back for ever")


def _before(month: date) -> date:
    return (month - DAY).replace(day=1)


def _over(board: Board, first: date, last: date) -> Board:
    """Return the board of the months from one to another."""
    return board.over(Period(first, next_bucket(last, "month") - DAY, board.period.zone))


def _by_bucket(board: Board, measure: Measure, grain: str) -> dict[Key, tuple[str, int, int]]:
    """Return each bucket's last month: as if the bucket were the period."""
    wanted = [last_month(board, bucket.days.last) for bucket in board.buckets(grain)]
    if not wanted:
        return {}
    whole = _over(board, _before(wanted[0]), wanted[-1])
    counts = whole.totals(measure, ("month",))
    starts = {bucket.start: index for index, bucket in enumerate(whole.buckets("month"))}

    def count(month: date) -> int:
        found: int = counts.get((starts[month],), 0)
        return found

    return {
        (index,): (f"{month:%Y-%m}", count(month), count(_before(month)))
        for index, month in enumerate(wanted)
    }
