"""A family of processes that starts, stays and ends together."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

FIRST_DELAY, LONGEST_DELAY = 1.0, 30.0
STEADY_AFTER = 30.0  # seconds of life after which a death is not counted as one more in a row
PATIENCE = 10.0  # seconds a process gets to end by itself


def _die_with_parent_call() -> Callable[[], None] | None:
    """Return what a child must call so that even `kill -9` of its parent ends it; Linux only."""
    if sys.platform != "linux":
        return None
    set_parent_death_signal, prctl = 1, ctypes.CDLL(None).prctl
    return lambda: prctl(set_parent_death_signal, signal.SIGTERM)


die_with_parent = _die_with_parent_call()


@dataclass
class Child:
    """One program that is kept running, in a process group of its own: Ctrl-C reaches it only through us."""

    name: str
    command: Sequence[str]
    env: dict[str, str]
    process: subprocess.Popen[bytes] = field(init=False)
    started_at: float = field(init=False)
    restart_at: float | None = field(init=False, default=None)
    delay: float = field(init=False, default=FIRST_DELAY)

    def start(self) -> None:
        self.restart_at, self.started_at = None, time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603
            self.command,
            env=self.env,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509
        )

    def tend(self, tell: Callable[[str], None]) -> None:
        """Start it again when it died, after a pause that doubles with every death in a row."""
        now = time.monotonic()
        if self.restart_at is not None:
            if now >= self.restart_at:
                self.start()
        elif self.process.poll() is not None:
            self._kill_group()
            if now - self.started_at > STEADY_AFTER:
                self.delay = FIRST_DELAY
            self.restart_at = now + self.delay
            tell(f"{self.name} ended with code {self.process.returncode}; again in {self.delay:.0f} s")
            self.delay = min(self.delay * 2, LONGEST_DELAY)

    def stop(self) -> None:
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE)
        self._kill_group()
        self.process.wait()

    def _kill_group(self) -> None:
        """Kill the process, if it still runs, and whatever it left behind."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)


class Family:
    """Children in the order of their start; they end in the reverse order."""

    def __init__(self, env: dict[str, str], tell: Callable[[str], None]) -> None:
        self.env, self.tell = env, tell
        self.children: list[Child] = []

    def start(self, name: str, *command: str) -> None:
        child = Child(name, command, self.env)
        child.start()
        self.children.append(child)

    def tend(self) -> None:
        for child in self.children:
            child.tend(self.tell)

    def stop(self) -> None:
        while self.children:
            self.children.pop().stop()
