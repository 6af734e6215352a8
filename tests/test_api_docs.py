"""The API's description, for people."""

import pytest


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_api_docs_show_the_schema_within_the_content_security_policy(page, enter, blocked, manager):
    page.goto(enter(manager) + "/api/docs/")
    page.wait_for_selector(".swagger-ui .info .title")
    assert blocked() == []
