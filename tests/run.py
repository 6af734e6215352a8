"""Run the whole suite on SQLite, then again on PostgreSQL and Redis where they answer; say what ran.

Arguments go to pytest. With REQUIRE_ALL=1 it fails when PostgreSQL, Redis or Chromium is missing.
"""

import os
import signal
import subprocess
import sys
import zlib
from contextlib import suppress
from pathlib import Path

import environ
import psycopg
import pytest
import redis

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import chromium  # noqa: E402

# A name per checkout, so that two of them can be tested side by side; Django puts "test_" before it.
OUR_DATABASE = f"leadtracker_{zlib.crc32(bytes(ROOT)):08x}"
DATABASE_URL = os.environ.get("DATABASE_URL") or f"postgres://postgres@127.0.0.1:5432/{OUR_DATABASE}"
REDIS_URL = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/9"


def postgresql_answers():
    """Ask the database that every server has: ours need not exist yet."""
    server = environ.Env.db_url_config(DATABASE_URL)
    if server["ENGINE"] != "django.db.backends.postgresql":
        return False
    names = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    parts = {name: server[key] for name, key in names.items() if server[key]}
    with suppress(psycopg.OperationalError):
        psycopg.connect(**parts, dbname="postgres", connect_timeout=3).close()
        return True
    return False


def redis_answers():
    with suppress(redis.RedisError), redis.Redis.from_url(REDIS_URL, socket_connect_timeout=3) as client:
        return client.ping()
    return False


def run(label, arguments, environment):
    """Run pytest; return its exit code and its last line, the summary."""
    print(f"\n=== {label} ===", flush=True)
    command = [sys.executable, "-m", "pytest", "-n", str(os.cpu_count()), *arguments]
    env = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL")}
    last = ""
    # However it is ended, read on: pytest still has to put its databases away.
    signal.signal(signal.SIGINT, lambda *_: None)
    with subprocess.Popen(
        command, cwd=ROOT, env={**env, **environment}, stdout=subprocess.PIPE, text=True
    ) as process:
        signal.signal(signal.SIGTERM, lambda *_: process.send_signal(signal.SIGINT))
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line.strip() or last
    return process.returncode, f"{label}: {last}"


def main(arguments):
    found = {"PostgreSQL": postgresql_answers(), "Redis": redis_answers(), "Chromium": bool(chromium.PATH)}
    missing = [name for name, here in found.items() if not here]
    if missing and os.environ.get("REQUIRE_ALL"):
        return f"Missing, and all are required: {', '.join(missing)}"

    results = [run("SQLite", arguments, {"DATABASE_URL": "sqlite://:memory:"})]
    if results[0][0] == pytest.ExitCode.INTERRUPTED:
        return "Interrupted."
    if found["PostgreSQL"]:
        redis_url = {"REDIS_URL": REDIS_URL} if found["Redis"] else {}
        label = "PostgreSQL and Redis" if redis_url else "PostgreSQL"
        results.append(run(label, arguments, {"DATABASE_URL": DATABASE_URL, **redis_url}))

    print()
    for _, summary in results:
        print(summary)
    ran = {"SQLite": True, **found}
    print("Ran on: " + ", ".join(f"{name} {'yes' if here else 'NO'}" for name, here in ran.items()))
    return int(any(code for code, _ in results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
