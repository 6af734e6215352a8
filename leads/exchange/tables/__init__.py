"""Tables of others, read through a mapping: look at the fate of every row, then import.

plan = read("leads", path, load(mapping_path))
for fate in plan.fates(): ...   # what would become of each row; `check` counts them
plan.apply(timezone.now())      # all rows or none
"""

from leads.exchange.tables.fates import Fate, Kind, Problem, Tally
from leads.exchange.tables.layout import TABLES
from leads.exchange.tables.mapping import Mapping, MappingError, NewWorkspace, load, parse
from leads.exchange.tables.plan import Plan, RefusedError, read
from leads.exchange.tables.refused import RefusedRows
from leads.exchange.tables.source import TableError

__all__ = [
    "TABLES",
    "Fate",
    "Kind",
    "Mapping",
    "MappingError",
    "NewWorkspace",
    "Plan",
    "Problem",
    "RefusedError",
    "RefusedRows",
    "TableError",
    "Tally",
    "load",
    "parse",
    "read",
]
