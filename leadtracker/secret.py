"""The signing key of a machine that was given none."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key


def key_of_this_machine(folder: Path, *, allowed: bool) -> str:
    """Return the key kept in the folder; make it the first time."""
    if not allowed:
        raise ImproperlyConfigured(
            "Set SECRET_KEY to a long random text: a key made on the spot would differ between servers."
        )
    path = folder / "secret_key"
    if not path.exists():
        _write_once(path, get_random_secret_key())
    return path.read_text()


def _write_once(path: Path, key: str) -> None:
    """Put the whole key in place in one step: web server and worker may start at the same time."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(key)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
