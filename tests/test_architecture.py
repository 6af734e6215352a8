"""The arrows between the apps: kpis knows leads, neither knows the wiring."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def imports(path):
    """Yield the absolute names that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module


@pytest.mark.parametrize(
    ("app", "other"), [("leads", "kpis"), ("leads", "leadtracker"), ("kpis", "leadtracker")]
)
def test_no_arrow_points_back(app, other):
    modules = sorted((ROOT / app).rglob("*.py"))
    assert modules
    guilty = [path for path in modules if any(name.split(".")[0] == other for name in imports(path))]
    assert guilty == []
