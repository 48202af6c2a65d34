"""The crack desk on all screens, and while its endpoint goes, comes back or promotes another version."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(("model", "scheme"), [("walls", "light"), ("tiles", "dark")])
def test_axe_finds_nothing_serious(desk, strange, walls, model: str, scheme: str):
    one = desk(model, color_scheme=scheme, bypass_csp=True)
    one.add(walls[0], strange)
    one.select(strange)
    if model == "walls":
        one.page.get_by_role("button", name="Pencil").click()
        one.answered()
    assert one.page.locator(".domain.outside").is_visible()
    assert one.visit.serious_faults() == []


def test_on_a_narrow_screen_nothing_goes_beyond_it(desk, walls):
    one = desk()
    one.page.set_viewport_size({"width": 380, "height": 780})
    one.add(walls[0])
    assert one.page.evaluate("() => document.documentElement.scrollWidth") <= 380
    assert one.page.locator(".photo-picture >> nth=0").bounding_box()["width"] > 300


@pytest.mark.slow
def test_a_large_photo_is_a_job_that_can_be_cancelled(desk, large):
    one = desk()
    one.page.set_input_files("#photo-files", [large.upload()])
    one.page.click(".photo-table >> text=Cancel")
    one.page.wait_for_selector("tr[data-state=cancelled]")
    assert "Cancelled." in one.page.inner_text(".photo-panel > .note")
    one.page.click(".photo-table >> text=Ask again")
    one.answered()
    (answer,) = one.asked("segment", [("photo", large)])["photos"]
    assert one.measured("length") == answer["measurements"]["length"]["value"]
    assert any("/jobs?route=segment" in address for address in one.visit.addresses)
    assert one.visit.console == []


def test_photos_wait_for_an_endpoint_that_is_gone(desk, served, walls):
    one = desk()
    one.add(walls[0])
    served.stop()
    try:
        one.page.set_input_files("#photo-files", [walls[1].upload()])
        one.page.wait_for_selector('[data-notice="connection"]')
        assert one.page.inner_text(".connection") == "not connected"
        assert one.measured("length") > 0.0
    finally:
        served.start()
    one.page.wait_for_selector('[data-notice="connection"]', state="detached")
    one.answered()
    one.select(walls[1])
    (answer,) = one.asked("segment", [("photo", walls[1])])["photos"]
    assert one.measured("length") == answer["measurements"]["length"]["value"]


def test_another_version_is_said_and_asked_when_one_wishes(desk, served, walls, segmenter):
    one = desk()
    one.add(walls[0])
    served.promote("walls", "2", segmenter)
    try:
        notice = one.page.wait_for_selector('[data-notice="version"]')
        assert "One photo was answered by version 1." in notice.inner_text()
        one.page.click('[data-notice="version"] >> text=Ask again')
        one.answered()
        assert one.page.inner_text(".version") == "version 2"
        assert b",walls,2\r\n" in one.download(lambda: one.page.click("text=Table as CSV"))
        assert one.visit.console == []
    finally:
        served.promote("walls", "3", segmenter)
