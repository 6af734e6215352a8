"""The ladder a lead climbs, and every move on it: the only writer of stage events."""

from leads.stages.errors import StageError
from leads.stages.gates import criteria, unmet
from leads.stages.ladder import legal_moves
from leads.stages.moving import LONGEST_REASON, MOST_YEARS, legal_here, move
from leads.stages.promoting import promote

__all__ = [
    "LONGEST_REASON",
    "MOST_YEARS",
    "StageError",
    "criteria",
    "legal_here",
    "legal_moves",
    "move",
    "promote",
    "unmet",
]
