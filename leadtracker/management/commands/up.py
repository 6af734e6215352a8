"""Run the whole product: broker, web server, Celery worker and beat."""

import contextlib
import fcntl
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from leads.demo.workspace import PASSWORD
from leads.models import User, Workspace
from leadtracker import broker
from leadtracker.processes import Family, die_with_parent

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Command(BaseCommand):
    help = "Run everything: migrate, load the demo the first time, then web server, worker and beat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=os.environ.get("HOST") or "127.0.0.1")
        parser.add_argument("--port", type=int, default=os.environ.get("PORT") or "8000")
        parser.add_argument("--no-demo", action="store_true", help="leave an empty database empty")

    def handle(self, *, host: str, port: int, no_demo: bool, **_: Any) -> None:
        _on_signals(signal.default_int_handler)
        if "MAKELEVEL" in os.environ and die_with_parent:
            die_with_parent()
        with contextlib.suppress(KeyboardInterrupt), _alone(settings.VAR_DIR):
            _check_free(host, port)
            self._prepare(demo=not no_demo)
            self._run(host, port)

    def _prepare(self, *, demo: bool) -> None:
        call_command("migrate", verbosity=0)
        if demo and not Workspace.objects.exists() and not User.objects.exists():
            self.stdout.write("Loading the demo workspace, this once …")
            call_command("create_demo", leads=2000, seed=1, verbosity=0)
        connections.close_all()

    def _run(self, host: str, port: int) -> None:
        with broker.socket_path(settings.VAR_DIR) as path:
            family = Family(dict(os.environ), self.stderr.write)
            try:
                _start_broker(family, path)
                _start_services(family, host, port)
                self._announce(family, host, port)
                while True:
                    family.tend()
                    time.sleep(0.3)
            except KeyboardInterrupt:
                self.stdout.write("Stopping …")
            finally:
                _on_signals(signal.SIG_IGN)
                family.stop()

    def _announce(self, family: Family, host: str, port: int) -> None:
        """Say where it runs, once it does."""
        log_ins = _demo_log_ins()
        while not _answers(host, port):
            family.tend()
            time.sleep(0.1)
        self.stdout.write(
            self.style.SUCCESS(f"\nleadtracker runs at http://{host}:{port}/ (Ctrl-C ends it)\n")
        )
        for user in log_ins:
            self.stdout.write(f"  {user.get_role_display():<10} {user.username:<8}  password {PASSWORD}")
        if not User.objects.exists():
            self.stdout.write("  No account yet: make one with `manage.py createsuperuser`.")
        self.stdout.write("")
        self.stdout.flush()
        connections.close_all()


def _on_signals(handler: Any) -> None:
    for number in SIGNALS:
        signal.signal(number, handler)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Refuse to run twice over the same folder: the second broker would take the first one's socket."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(f"leadtracker is running already, with its data in {folder}.") from None
        yield


def _check_free(host: str, port: int) -> None:
    """The web server shares a port without a word, so ask before."""
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        raise CommandError(
            f"Cannot listen on {host}:{port}: {error.strerror}. Choose another: PORT={port + 1} make run"
        ) from None


def _start_broker(family: Family, path: Path) -> None:
    if settings.REDIS_URL:
        return
    server = broker.binary()
    if server is None:
        raise CommandError("No broker: set REDIS_URL, or install valkey-server or redis-server.")
    family.start("broker", *broker.command(server, path))
    family.env.update(broker.addresses(path))
    if not broker.wait_for(path):
        raise CommandError(f"The broker does not answer: {server}")


def _start_services(family: Family, host: str, port: int) -> None:
    celery = (sys.executable, "-m", "celery", "-q", "-A", "leadtracker")
    family.start("worker", *celery, "worker", "-c", "2", "--without-mingle", "--without-gossip")
    family.start("beat", *celery, "beat", "--pidfile=")
    web = ("--host", host, "--port", str(port), "--blocking-threads", "4", "--log-level", "warning")
    granian = (sys.executable, "-m", "granian", "--interface", "wsgi")
    family.start("web", *granian, *web, "leadtracker.wsgi:application")


def _answers(host: str, port: int) -> bool:
    address = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104
    try:
        urllib.request.urlopen(f"http://{address}:{port}/health/live", timeout=2).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _demo_log_ins() -> list[User]:
    """Return the demo's accounts that still have the demo's password, one per role."""
    users = User.objects.filter(username__in=User.Role.values, is_active=True)
    demo = [user for user in users if user.role == user.username and user.check_password(PASSWORD)]
    return sorted(demo, key=lambda user: User.Role.values.index(user.role))
