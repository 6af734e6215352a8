"""Put the demo into an empty workspace."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import transaction

from leads.demo import history
from leads.demo.bundle import Progress, write_bundle
from leads.demo.cast import LOGINS, USERNAMES
from leads.exchange.bundle import import_bundle
from leads.models import Channel, ExchangeRate, Lead, Session, Spend, User, Workspace

PASSWORD = "demo-leadtracker"  # noqa: S105  printed and documented: a demo holds no secret


class NotEmptyError(Exception):
    """The workspace holds data, which the demo would mix with."""


def check_empty() -> None:
    for model in (Workspace, Channel, Lead, Session, Spend, ExchangeRate):
        if model.objects.exists():
            raise NotEmptyError(f"there are {model._meta.verbose_name_plural} already")


def create(
    *,
    leads: int,
    seed: int,
    until: datetime,
    writing: Progress | None = None,
    loading: Callable[[str, int], None] | None = None,
) -> list[User]:
    """Write the demo, import it, and return the accounts that now have the demo's password."""
    check_empty()
    taken = set(User.objects.filter(username__in=USERNAMES).values_list("username", flat=True))
    with TemporaryDirectory(prefix="leadtracker-demo-") as folder, transaction.atomic():
        path = Path(folder)
        write_bundle(path, leads=leads, seed=seed, until=until, progress=writing, without=taken)
        import_bundle(path, progress=loading)
        history.tell(until)
        return _open_log_ins(taken)


def _open_log_ins(taken: set[str]) -> list[User]:
    """Set the password of the accounts made just now; others keep theirs, and their name and role."""
    users = list(User.objects.filter(username__in=set(LOGINS) - taken).order_by("username"))
    for user in users:
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
    return users
