"""The API's description, for people."""

import pytest


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_api_docs_try_out_a_request_within_the_content_security_policy(page, enter, blocked, manager):
    page.goto(enter(manager) + "/api/docs/")
    page.click(".opblock-summary-path:has-text('/api/v1/kpis/')")
    page.click("text=Try it out")
    page.fill("[data-param-name=from] input", "2026-01-01")
    page.fill("[data-param-name=to] input", "2026-03-31")
    page.click("text=Execute")
    page.wait_for_selector(".live-responses-table .response-col_status:has-text('200')")
    assert blocked() == []
