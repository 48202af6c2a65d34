"""The what-if page in a real browser, over models of every family that it has a desk for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from fieldwright.data.api_keys import KeyFile
from fieldwright.serving.endpoint import Endpoint
from fieldwright.serving.hosting.authorization import Keys
from fieldwright.serving.hosting.champions import Champions

DESIGN = {"heat_flux": 2e4, "thickness": 4.0}
STATE = "model=plate&p.heat_flux=20000&p.thickness=4"
FOCUSED = "[document.activeElement.tagName, document.activeElement.type ?? ''].join(' ')"
HOTTEST = "max(temperature)"


def predicted(served: Any, model: str, parameters: dict[str, float], **more: Any) -> dict[str, Any]:
    """What a program is answered."""
    body = {"parameters": parameters} | more
    reply = httpx.post(f"{served.url}/models/{model}/predict", json=body, trust_env=False)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_the_numbers_on_the_page_are_those_that_a_program_is_answered(served, visit):
    one = visit(STATE)
    answer = predicted(served, "plate", DESIGN)
    for label, entry in answer["quantities"].items():
        mean = entry["mean"][0]
        assert one.number(label) == (mean[-1] if entry["times"] else mean), label
    shown = one.page.inner_text(f'[data-quantity="{HOTTEST}"] .value')
    assert shown == f"{answer['quantities'][HOTTEST]['mean'][0]:.2f}"
    assert "Inside the domain of the training runs." in one.page.inner_text(".domain")
    one.settle()
    assert one.console == []
    assert {address.split("/")[2] for address in one.addresses} == {served.url.split("/")[2]}


def test_a_slider_that_is_dragged_moves_numbers_and_picture_and_leaves_the_domain(served, visit):
    one = visit(STATE)
    page = one.page
    one.settle()
    before = page.screenshot(clip=page.locator(".picture").bounding_box())
    slider = page.locator('.parameter:has-text("heat_flux") input[type=range]')
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.3, middle)
    page.mouse.down()
    for step in range(31, 100, 4):
        page.mouse.move(box["x"] + box["width"] * step / 100, middle)
    page.mouse.up()
    page.wait_for_selector(".domain.outside")
    one.settle()
    heat_flux = float(one.state()["p.heat_flux"])
    assert heat_flux > 49_820
    answer = predicted(served, "plate", DESIGN | {"heat_flux": heat_flux})
    assert one.number(HOTTEST) == answer["quantities"][HOTTEST]["mean"][0]
    sign = page.inner_text(".domain")
    assert "Outside the domain of the training runs: do not rely on these numbers." in sign
    assert "'heat_flux'" in sign
    assert answer["inside"] == [False]
    assert page.screenshot(clip=page.locator(".picture").bounding_box()) != before
    page.click("text=Centre")
    page.wait_for_selector(".domain:not(.outside)")
    assert one.console == []


def test_a_click_probes_the_field_with_its_band(served, visit):
    one = visit(STATE)
    page = one.page
    page.locator(".picture canvas").click()
    page.wait_for_selector(".readout:has-text('band')")
    one.settle()
    at = [float(value) for value in one.state()["probe"].split(",")][:2]
    assert at == pytest.approx([0.5, 0.5], abs=0.02)
    quantity = {"what": "point", "field": "temperature", "at": at}
    (entry,) = predicted(served, "plate", DESIGN, quantities=[quantity])["quantities"].values()
    assert float(page.get_attribute(".readout", "data-value")) == pytest.approx(entry["mean"][0], rel=1e-6)
    words = page.inner_text(".readout")
    assert f"{entry['lower'][0]:.2f}" in words
    assert f"{entry['upper'][0]:.2f}" in words
    page.get_by_role("button", name="Line cut").click()
    box = page.locator(".picture").bounding_box()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.3 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.7 * box["height"], steps=4)
    page.mouse.up()
    page.wait_for_selector(".chart-host[aria-label^='temperature: from']")
    assert one.console == []


def test_a_link_shows_the_same_to_another_person(served, visit):
    state = f"{STATE}&field=displacement&part=y&show=band+width&contours=10&time=1&tab=influence&map=grey"
    seen = "&pin.heat_flux=30000&pin.thickness=5&probe=0.5,0.5,0&cut=0.1,0.2,0,0.9,0.8,0,0,0,1&camera=0,0,2,0.1,0.1"
    first = visit(state + seen)
    first.settle()
    first.page.click("text=Downloads and queries")
    first.settle()
    link = first.page.input_value(".link-field")
    assert "tab=take" in link
    second = visit(link.split("#")[1])
    second.settle()
    assert second.state() == first.state()
    for selector in (".quantities tbody", ".field h2", ".readout", ".pinned-values", ".time-output"):
        assert second.page.inner_text(selector) == first.page.inner_text(selector)
    assert second.page.inner_text(".field h2") == "displacement.y, band width"
    curl = second.page.inner_text("[aria-label='The query for curl']")
    assert '"heat_flux":20000' in curl
    assert "fw.Client(" in second.page.inner_text("[aria-label='The query for Python']")


def test_files_are_those_of_the_endpoint(served, visit):
    one = visit(f"{STATE}&tab=take")
    contents = {}
    for name in ("CSV", "VTU", "PNG"):
        with one.page.expect_download() as download:
            one.page.click(f".more button:text-is('{name}')")
        contents[name] = Path(download.value.path()).read_bytes()
    assert contents["CSV"].startswith(b"heat_flux [W/m2],thickness [mm]")
    assert b"<VTKFile" in contents["VTU"]
    assert contents["PNG"].startswith(b"\x89PNG")


def test_curves_and_influence_are_of_the_quantity_that_is_chosen(served, visit):
    one = visit(f"{STATE}&tab=responses")
    page = one.page
    page.wait_for_selector(".chart-host[aria-label^='max(temperature) over thickness']")
    assert page.locator(".charts .chart").count() == 2
    page.click("text=What helps most")
    page.wait_for_selector("text=with others")
    assert "To lower max(temperature) here, lower heat_flux first." in page.inner_text(".advice")
    one.settle()
    assert one.console == []


def test_the_keyboard_alone_reaches_and_moves_everything(served, visit):
    one = visit(STATE)
    page = one.page
    reached: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
        if reached[-1].startswith("INPUT range") and "moved" not in reached:
            reached.append("moved")
            before = one.state().get("p.heat_flux")
            page.keyboard.press("ArrowRight")
            one.settle()
            assert one.state()["p.heat_flux"] != before
        if reached[-1].startswith("CANVAS") and "probed" not in reached:
            reached.append("probed")
            page.keyboard.press("Enter")
            page.wait_for_selector(".readout:not([hidden])")
    text = " ".join(reached)
    for control in ("SELECT", "BUTTON", "INPUT text", "INPUT range", "CANVAS", "SUMMARY"):
        assert control in text, control
    assert {"moved", "probed"} <= set(reached)


@pytest.mark.parametrize(
    ("model", "scheme"),
    [("plate", "light"), ("plate", "dark"), ("body", "light"), ("circles", "dark"), ("beam", "light")],
)
def test_axe_finds_nothing_serious(visit, model: str, scheme: str):
    one = visit(f"model={model}", color_scheme=scheme, bypass_csp=True)
    one.settle()
    assert one.serious_faults() == []


def test_on_a_narrow_screen_nothing_goes_beyond_it(served, visit):
    one = visit(STATE)
    one.page.set_viewport_size({"width": 380, "height": 780})
    one.settle()
    assert one.page.evaluate("() => document.documentElement.scrollWidth") <= 380
    assert one.page.locator(".picture").bounding_box()["width"] > 220


def test_times_are_gone_through_by_hand_and_by_play(served, visit):
    one = visit(f"{STATE}&field=displacement&time=0")
    page = one.page
    assert page.inner_text(".time-output") == "t = 0"
    page.click("text=Play")
    page.wait_for_selector(".time-output:text-is('t = 20')")
    page.click("text=Pause")
    page.locator(".time input").fill("1")
    one.settle()
    entry = predicted(served, "plate", DESIGN)["quantities"]["max(displacement.x)"]
    assert one.number("max(displacement.x)") == entry["mean"][0][1]
    page.locator(".picture canvas").click()
    page.click("text=Probe over time")
    page.wait_for_selector(".chart-host[aria-label^='point(displacement.magnitude']")
    assert one.console == []


def test_a_body_is_turned_deformed_and_seen_by_its_cells(served, visit):
    one = visit("model=body&deform=displacement")
    page = one.page
    one.settle()
    # It moves along z alone: what rounding left of the other components is no number.
    for number, negligible in (("max(displacement.x)", True), ("min(displacement.z)", False)):
        row = page.locator(f'[data-quantity="{number}"]')
        assert (row.locator(".band").inner_text() == "negligible") == negligible
        assert (row.locator(".value").inner_text() == "0") == negligible
    assert page.inner_text(".axes").replace(" ", " ") == "x 0 … 2   y 0 … 1   z 0 … 1"
    assert page.text_content(".display-more output").startswith("×")
    picture = page.locator(".picture")
    before = picture.screenshot()
    page.locator(".picture canvas").focus()
    page.keyboard.press("ArrowRight")
    one.settle()
    turned = picture.screenshot()
    assert turned != before
    # What it is seen by stands in the link, and the cut follows what was seen of the surface.
    again = visit(f"model=body&deform=displacement&camera={one.state()['camera']}")
    # The frame of the focus is part of the picture.
    again.page.locator(".picture canvas").focus()
    again.settle()
    assert again.page.locator(".picture").screenshot() == turned
    page.get_by_role("button", name="Line cut").click()
    box = picture.bounding_box()
    page.mouse.move(box["x"] + 0.45 * box["width"], box["y"] + 0.45 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.55 * box["width"], box["y"] + 0.55 * box["height"], steps=3)
    page.mouse.up()
    page.wait_for_selector(".chart-host[aria-label^='displacement.magnitude: from']")
    page.get_by_label("Field", exact=True).select_option("energy")
    page.wait_for_selector(".field h2:text-is('energy')")
    page.locator(".picture canvas").click()
    page.wait_for_selector(".readout:not([hidden])")
    one.settle()
    assert one.console == []


def test_a_number_of_each_run_stands_among_the_quantities_and_has_no_picture(served, visit):
    one = visit("model=body&p.load=2.5&p.warmth=1.5")
    answer = predicted(served, "body", {"load": 2.5, "warmth": 1.5})
    assert one.number("reaction") == answer["quantities"]["reaction"]["mean"][0]
    assert one.number("reaction") == pytest.approx(7.5 * (1.0 + 0.5 * np.log(1.5)), rel=1e-3)
    quantity = one.page.get_by_role("tabpanel", name="Response curves").get_by_label("Quantity")
    choices = quantity.locator("option").all_inner_texts()
    assert "reaction" in choices
    assert "max(reaction)" not in choices
    assert one.page.get_by_label("Field", exact=True).locator("option").all_inner_texts() == [
        "displacement",
        "energy",
    ]
    quantity.select_option("reaction")
    one.settle()
    assert one.state()["quantity"] == "reaction"
    assert one.console == []
    for route in ("mesh", "surface"):
        refused = httpx.get(f"{served.url}/models/body/{route}/reaction", trust_env=False)
        assert refused.status_code == 422
        assert "has no mesh" in refused.json()["error"]
    asked = {"parameters": {"load": 2.5, "warmth": 1.5}, "quantities": [{"what": "max", "field": "reaction"}]}
    refused = httpx.post(f"{served.url}/models/body/predict", json=asked, trust_env=False)
    assert refused.status_code == 422
    assert "must be among 'value'" in refused.json()["error"]


def test_a_large_field_is_drawn_by_fewer_points_at_first_and_read_exactly(served, visit):
    one = visit("model=plane&p.slope=1.5&probe=0.25,0.5,0")
    one.until(lambda: any(address.endswith("?coding=compact") for address in one.addresses))
    surfaces = [address.split("?")[1] for address in one.addresses if "/surface/" in address]
    assert surfaces == ["coding=compact&corners=40000", "coding=compact"]
    one.page.wait_for_selector(".readout:has-text('band')")
    one.settle()
    quantity = {"what": "point", "field": "height", "at": [0.25, 0.5]}
    (entry,) = predicted(served, "plane", {"slope": 1.5}, quantities=[quantity])["quantities"].values()
    assert float(one.page.get_attribute(".readout", "data-value")) == entry["mean"][0]
    # A statistic that was not fetched is fetched when it is to be seen.
    field = predicted(served, "plane", {"slope": 1.5}, fields=["height"], quantities=[])["fields"]["height"]
    widest = (np.array(field["upper"]) - np.array(field["lower"])).max()
    one.page.get_by_label("Show", exact=True).select_option("band width")
    one.page.wait_for_selector(".field h2:text-is('height, band width')")
    one.until(
        lambda: (
            float(one.page.input_value("[aria-label^='Largest value']")) == pytest.approx(widest, rel=0.01)
        )
    )
    assert one.console == []


def test_a_forecast_goes_on_from_a_run_an_edited_value_and_a_file(served, visit):
    examples = httpx.get(f"{served.url}/models/wave/histories", trust_env=False).json()
    one = visit("model=wave&history=3")
    page = one.page
    rate = examples["parameters"]["rate"]["values"]

    def shown_of(history: list[Any], rate: float) -> bool:
        """Whether the page has what a program is answered for this history."""
        body = {"times": examples["times"], "fields": {"swing": history}}
        answer = predicted(served, "wave", {"rate": rate}, history=body)
        last = answer["quantities"]["max(swing.x)"]["mean"][0][-1]
        # The examples are in single precision, which JSON writes with fewer digits.
        return one.number("max(swing.x)") == pytest.approx(last, rel=1e-5)

    page.get_by_label("From training run").select_option("1")
    values = examples["fields"]["swing"]["values"][1]
    one.until(lambda: shown_of(values, rate[1]))
    one.until(lambda: one.state().get("p.rate") == str(rate[1]))
    page.get_by_label("swing.x at 0.4").fill("0.25")
    page.keyboard.press("Enter")
    values[2][0][0] = 0.25
    one.until(lambda: shown_of(values, rate[1]))
    one.until(lambda: "start" in one.state())
    rows = ["time,swing.x [m],swing.y [m]", "7.4,0.389,0.921", "7.0,0.0,1.0", "7.2,0.199,0.98"]
    table = {"name": "wave.csv", "mimeType": "text/csv", "buffer": "\n".join(rows).encode()}
    page.set_input_files("#history-file", table)
    one.until(lambda: shown_of([[[0.0, 1.0]], [[0.199, 0.98]], [[0.389, 0.921]]], rate[1]))
    assert "'wave.csv'" in page.inner_text(".history")
    page.set_input_files("#history-file", table | {"buffer": b"time,swing.x\n0,1\n0.2,1\n0.4,1\n"})
    page.wait_for_selector(".history .warning:has-text(\"must have the column 'swing.y'\")")
    page.wait_for_selector(".chart-host[aria-label^='max(swing.magnitude)']")
    assert one.console == []


def test_a_shape_is_drawn_by_its_corners(served, visit):
    one = visit("model=circles")
    page = one.page
    page.wait_for_selector(".outline-corner")
    assert page.locator(".outline-corner").count() == 12
    page.click("text=Add a corner")
    one.until(lambda: page.locator(".outline-corner").count() == 13)
    before = one.state().get("outline")
    page.locator(".outline-corner").first.focus()
    page.keyboard.press("ArrowUp")
    one.settle()
    outline = one.state()["outline"]
    assert outline != before
    corners = [float(value) for value in outline.split(",")]
    body = {"outline": list(zip(corners[::2], corners[1::2], strict=True)), "fields": []}
    answer = httpx.post(f"{served.url}/models/circles/predict", json=body, trust_env=False).json()
    assert page.evaluate("() => document.body.classList.contains('is-outside')") == (not answer["inside"][0])
    page.set_input_files(
        "#outline-file",
        {"name": "square.csv", "mimeType": "text/csv", "buffer": b"x,y\n2,1\n3,1\n3,2\n2,2\n"},
    )
    one.until(lambda: page.locator(".outline-corner").count() == 4)
    assert one.console == []


def test_a_solution_is_drawn_with_its_error_estimate(served, visit):
    one = visit("model=beam&p.a=3")
    page = one.page
    page.wait_for_selector(".chart-host[aria-label^='u: from']")
    facts = page.inner_text(".facts")
    about = httpx.get(f"{served.url}/models/beam", trust_env=False).json()
    assert about["verdict"]["findings"][0]["name"] in facts
    assert "largest estimated error of u" in facts
    before = page.get_attribute(".line-picture .chart-host", "aria-label")
    page.get_by_label("Show", exact=True).select_option("error")
    one.until(lambda: page.get_attribute(".line-picture .chart-host", "aria-label") != before)
    assert page.inner_text(".field h2") == "u, error"
    assert one.console == []


def test_several_models_are_listed_to_choose_from(served, visit):
    one = visit("", ready=".model-list a")
    assert one.page.locator(".model-list a").all_inner_texts() == [
        "plate",
        "body",
        "circles",
        "beam",
        "plane",
        "wave",
    ]
    one.page.click(".model-list a >> nth=1")
    one.page.wait_for_selector(".domain strong:not(:empty)")
    assert one.state()["model"] == "body"


def test_a_champion_that_is_swapped_is_said_and_answers(served, visit, surrogate, promoted):
    one = visit(STATE)
    before = one.number(HOTTEST)
    served.promote("plate", "2", promoted)
    try:
        one.page.wait_for_selector('[data-notice="version"]')
        assert "Version 2 is served now, in place of version 1." in one.page.inner_text("#notices")
        one.settle()
        assert one.number(HOTTEST) == pytest.approx(before + 100.0, abs=1.0)
        assert one.page.inner_text(".version") == "version 2"
    finally:
        served.promote("plate", "3", surrogate)


def test_an_endpoint_that_goes_and_comes_back_is_said(served, visit):
    one = visit(STATE)
    one.settle()
    before = one.number(HOTTEST)
    served.stop()
    try:
        one.page.locator('.parameter input[type="text"]').first.fill("30000")
        one.page.keyboard.press("Enter")
        one.page.wait_for_selector('[data-notice="connection"]')
        assert one.page.inner_text(".connection") == "not connected"
        assert one.number(HOTTEST) == before
    finally:
        served.start()
    one.page.wait_for_selector('[data-notice="connection"]', state="detached")
    one.settle()
    assert one.number(HOTTEST) > before


def test_a_key_is_asked_for_and_stays_in_the_tab(served, visit, listening, monkeypatch, tmp_path):
    monkeypatch.setenv("FIELDWRIGHT_HOME", str(tmp_path))
    key = KeyFile().add("desk", [], [], 0)
    keys = Keys(KeyFile(), *served.champions)
    with listening(Endpoint(Champions(served.champions), keys=keys).app()) as url:
        one = visit(STATE, ready="#api-key", url=url)
        page = one.page
        for text in ("fw_guess", key):
            page.fill("#api-key", text)
            page.keyboard.press("Enter")
            one.settle()
        page.wait_for_selector(".domain strong:not(:empty)")
        assert page.evaluate("sessionStorage.getItem('fieldwright.key')") == key
        assert page.evaluate("Object.keys(localStorage).length + document.cookie.length") == 0
        assert key not in page.url
        page.click("text=Downloads and queries")
        assert "YOUR_KEY" in page.inner_text("[aria-label='The query for curl']")
        assert key not in page.content()
        page.click("text=Forget key")
        page.wait_for_selector("#api-key")


def test_a_parameter_of_which_the_model_takes_the_logarithm_has_a_slider_of_it(served, visit):
    scales = httpx.get(f"{served.url}/models/body/runs", trust_env=False).json()["parameters"]
    assert scales["warmth"]["scale"] == "log"
    one = visit("model=body")
    one.settle()
    assert "log" in one.page.inner_text('.parameter:has-text("warmth") .range')
    low, high = min(scales["warmth"]["values"]), max(scales["warmth"]["values"])
    middle = one.page.input_value('.parameter:has-text("warmth") input[type=text]')
    assert float(middle) == pytest.approx((low * high) ** 0.5, rel=1e-4)
