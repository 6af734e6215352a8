"""Bundles as text: what a test writes, imports and reads back."""

import json

from django.apps import apps

from leads.exchange.bundle import export_bundle, import_bundle

WORKSPACE = {"name": "Acme", "time_zone": "Europe/Paris", "currency": "EUR"}


def write_bundle(folder, workspace=None, **files):
    """Write files given as text, such as `leads="id,created_at\\n…"`, and a workspace.json."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "workspace.json").write_text(json.dumps({**WORKSPACE, **(workspace or {})}))
    for stem, text in files.items():
        content = text if isinstance(text, bytes) else text.encode()
        (folder / f"{stem}.csv").write_bytes(content)
    return folder


def export(folder):
    """Export the workspace and return the text of each file."""
    export_bundle(folder)
    return {path.name: path.read_bytes().decode() for path in sorted(folder.iterdir())}


def take(folder, workspace=None, **files):
    """Write a bundle and import it."""
    return import_bundle(write_bundle(folder, workspace, **files))


def all_rows():
    """Return every row of every table of the product."""
    return {
        model.__name__: list(model._default_manager.order_by("pk").values())
        for model in apps.get_app_config("leads").get_models()
    }
