"""What the environment makes of the settings; each in a process of its own."""

import os
import stat
import subprocess
import sys

PRODUCTION = {
    "DATABASE_URL": "postgres://leadtracker@db/leadtracker",
    "REDIS_URL": "redis://redis/0",
    "SECRET_KEY": "f7Kq2-long-and-random-enough-for-a-check-of-the-settings-93hZ!x",
    "ALLOWED_HOSTS": "leads.example.com",
    "HTTPS": "1",
    "TRUSTED_PROXIES": "1",
    "LOG_FORMAT": "json",
}


def manage(*arguments, **environment):
    names = {"PATH", "HOME", "LANG", "VIRTUAL_ENV"}
    env = {key: value for key, value in os.environ.items() if key in names} | environment
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def test_a_production_environment_passes_the_deployment_check(tmp_path):
    static = {"STATIC_ROOT": str(tmp_path)}
    done = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION, **static)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_serving_https_without_a_secret_key_is_refused():
    done = manage("check", **{**PRODUCTION, "SECRET_KEY": ""})
    assert done.returncode != 0
    assert "Set SECRET_KEY" in done.stderr


def test_postgresql_alone_needs_no_secret_key(tmp_path):
    done = manage("check", DATABASE_URL=PRODUCTION["DATABASE_URL"], VAR_DIR=str(tmp_path))
    assert done.returncode == 0, done.stderr


def test_the_folder_for_the_schedule_is_made_on_a_server_too(tmp_path):
    folder = tmp_path / "new" / "var"
    assert manage("check", **PRODUCTION, VAR_DIR=str(folder)).returncode == 0
    assert folder.is_dir()


def test_a_server_process_that_keeps_nothing_needs_no_writable_folder(tmp_path):
    (tmp_path / "file").touch()
    done = manage("check", **PRODUCTION, VAR_DIR=str(tmp_path / "file" / "var"))
    assert done.returncode == 0, done.stderr


def test_a_development_machine_keeps_a_key_of_its_own(tmp_path):
    for _ in range(2):
        manage("check", VAR_DIR=str(tmp_path))
    key = tmp_path / "secret_key"
    assert len(key.read_text()) == 50
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]
