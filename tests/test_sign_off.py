"""Marketing and sales sign a version, each once."""

import threading

import pytest
from django.db import connection
from django.test import Client

from leads.definitions.signing import SigningError, sign, withdraw
from leads.models import DefinitionSet, SignOff
from tests.factories import NOON

pytestmark = pytest.mark.django_db
SALES = "/definitions/agreement/1/sign/sales/"


@pytest.fixture
def version(db):
    return DefinitionSet.objects.create(number=1, status="published", effective_from=NOON)


def signed():
    return {sign_off.side: sign_off.by.username for sign_off in SignOff.objects.select_related("by")}


def test_a_side_is_asked_first(manager_client, version):
    page = manager_client.get(SALES).content.decode()
    assert "You, Manager Person, agree to version 1 in the name of sales" in page
    assert signed() == {}


def test_each_side_signs_once(manager_client, admin_client, version):
    response = manager_client.post(SALES)
    assert response.url == "/definitions/agreement/1/#sign-off"
    admin_client.post("/definitions/agreement/1/sign/marketing/")
    assert signed() == {"sales": "manager", "marketing": "admin"}


def test_signing_twice_is_signing_once(manager, version):
    first = sign(version, "sales", by=manager, at=NOON)
    assert sign(version, "sales", by=manager, at=NOON.replace(year=2027)) == first
    assert SignOff.objects.get().at == NOON


def test_the_first_signature_stands(manager_client, admin_client, version):
    manager_client.post(SALES)
    response = admin_client.post(SALES)
    assert response.status_code == 409
    assert "Manager Person has signed for sales already." in response.content.decode()
    assert signed() == {"sales": "manager"}


def test_the_document_says_who_signed_and_who_has_not(manager_client, rep_client, version):
    assert rep_client.get("/definitions/agreement/1/").content.decode().count("not signed yet") == 4
    manager_client.post(SALES)
    page = rep_client.get("/definitions/agreement/1/").content.decode()
    assert "Sales: Manager Person, " in page
    assert "Marketing: not signed yet" in page


@pytest.mark.parametrize("status", ["draft", "superseded"])
def test_only_the_published_version_is_signed(manager, manager_client, version, status):
    DefinitionSet.objects.update(status=status)
    with pytest.raises(SigningError, match="Only the published version can be signed"):
        sign(version, "sales", by=manager, at=NOON)
    assert manager_client.post(SALES).status_code == 409
    page = manager_client.get(SALES).content.decode()
    assert "and version 1 is not" in page
    assert "Sign for sales</button>" not in page
    assert signed() == {}


def test_an_admin_removes_a_signature(manager_client, admin_client, version):
    manager_client.post(SALES)
    assert "Remove this signature" in admin_client.get(SALES).content.decode()
    admin_client.post(SALES, {"remove": "1"})
    assert signed() == {}
    assert not withdraw(version, "sales")


def test_a_manager_does_not_remove_signatures(manager_client, admin_client, version):
    admin_client.post(SALES)
    assert "Remove this signature" not in manager_client.get(SALES).content.decode()
    assert manager_client.post(SALES, {"remove": "1"}).status_code == 403
    assert signed() == {"sales": "admin"}


def test_reps_do_not_sign(rep_client, version):
    assert rep_client.get(SALES).status_code == 403
    assert rep_client.post(SALES).status_code == 403
    assert signed() == {}


@pytest.mark.parametrize(
    "address",
    [
        "/definitions/agreement/1/sign/finance/",
        "/definitions/agreement/7/sign/sales/",
        f"/definitions/agreement/{'9' * 30}/sign/sales/",
    ],
)
def test_what_is_not_there_is_not_signed(admin_client, version, address):
    assert admin_client.get(address).status_code == 404
    assert admin_client.post(address).status_code == 404


def test_a_signature_needs_a_form_of_ours(version, manager):
    client = Client(enforce_csrf_checks=True)
    client.force_login(manager)
    assert client.post(SALES).status_code == 403
    assert signed() == {}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
@pytest.mark.django_db(transaction=True)
def test_two_at_once_leave_one_signature(manager, admin, version):
    barrier, outcomes = threading.Barrier(2), []

    def one(user):
        barrier.wait()
        try:
            outcomes.append(sign(version, "sales", by=user, at=NOON).by)
        except SigningError:
            outcomes.append(None)
        connection.close()

    threads = [threading.Thread(target=one, args=[user]) for user in (manager, admin)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert SignOff.objects.count() == 1
    assert outcomes.count(None) == 1
