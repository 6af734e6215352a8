"""What every test can ask for: a clean cache, one person per role, a browser."""

import itertools
import os
from threading import Lock

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client

from leads.models import User
from tests import chromium

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's sync API runs an event loop

_test_numbers = itertools.count()


def pytest_collection_modifyitems(items):
    if chromium.PATH:
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason="no Chromium on PATH"))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {**browser_type_launch_args, "executable_path": chromium.PATH, "args": chromium.ARGS}


@pytest.fixture(scope="module")
def requests_in_turn():
    """Answer one request at a time: SQLite in memory is one connection for all threads."""
    turn, answer = Lock(), WSGIHandler.__call__

    def in_turn(handler, environ, start_response):
        with turn:
            return answer(handler, environ, start_response)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WSGIHandler, "__call__", in_turn)
        yield


@pytest.fixture
def enter(page, live_server):
    """Return a function that logs a user in to the browser and gives the address of the server."""

    def as_user(user):
        cookie = _logged_in(user).cookies["sessionid"]
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
        return live_server.url

    return as_user


@pytest.fixture
def blocked(page):
    """Return a function that lists what the open page's Content-Security-Policy had to block."""
    page.add_init_script(
        "window.blocked = []; document.addEventListener('securitypolicyviolation',"
        " event => blocked.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`))"
    )
    return lambda: page.evaluate("window.blocked")


@pytest.fixture(autouse=True)
def _own_cache(settings):
    """Give each test its own keys: nothing to clear, in a Redis that may hold other things."""
    prefix = f"test-{os.getpid()}-{next(_test_numbers)}"
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": prefix}}


def _user(role):
    name = f"{role.title()} Person"
    return User.objects.create_user(role, f"{role}@example.com", "correct horse", role=role, name=name)


def _logged_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def rep(db):
    return _user("rep")


@pytest.fixture
def manager(db):
    return _user("manager")


@pytest.fixture
def admin(db):
    return _user("admin")


@pytest.fixture
def rep_client(rep):
    return _logged_in(rep)


@pytest.fixture
def manager_client(manager):
    return _logged_in(manager)


@pytest.fixture
def admin_client(admin):
    return _logged_in(admin)
