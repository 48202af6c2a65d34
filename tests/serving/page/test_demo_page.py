"""The page over the demo, from its command on; the pictures of the documentation are what is seen here."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from fieldwright.flows.demo.plate_demo import any_free_port, running_endpoint
from fieldwright.flows.study.runs_study import Study

pytestmark = pytest.mark.slow

CENTRE = {
    "heat_flux": "8000",
    "convection": "1250",
    "conductivity": "50",
    "youngs_modulus": "2e11",
    "expansion": "1.35e-5",
}
DESIGN = {
    "heat_flux": "10500",
    "convection": "900",
    "conductivity": "45",
    "youngs_modulus": "2.1e11",
    "expansion": "1.25e-5",
}


def state(design: dict[str, str]) -> str:
    return "&".join(["field=von_mises", *(f"p.{name}={value}" for name, value in design.items())])


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the endpoint over what `fieldwright demo` has left."""
    home = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIELDWRIGHT_HOME", str(home))
        command = [sys.executable, "-m", "fieldwright.flows.cli", "demo", "--port", str(any_free_port())]
        done = subprocess.run(command, env=os.environ | {"COLUMNS": "400"}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert f"fieldwright open {home / 'demo' / 'study.toml'}" in done.stdout
        with running_endpoint(Study.load(home / "demo" / "study.toml"), any_free_port()) as address:
            yield address


def test_a_design_beside_a_pinned_one(demo, visit):
    one = visit(state(CENTRE), url=demo)
    page = one.page
    one.settle()
    page.get_by_role("button", name="Pin this one").click()
    for name, value in DESIGN.items():
        field = page.locator(f'.parameter:has-text("{name}") input[inputmode=decimal]')
        field.fill(value)
        field.press("Enter")
    body = {"parameters": {name: float(value) for name, value in DESIGN.items()}}
    answer = httpx.post(f"{demo}/predict", json=body, trust_env=False).json()
    one.until(lambda: one.number("max(von_mises)") == answer["quantities"]["max(von_mises)"]["mean"][0])
    picture = page.locator(".picture").bounding_box()
    page.mouse.click(picture["x"] + 0.48 * picture["width"], picture["y"] + 0.6 * picture["height"])
    one.until(lambda: "von_mises" in page.inner_text(".readout"))
    one.settle()
    assert one.console == []
    one.picture("page")


def test_a_design_outside_the_domain_on_a_dark_screen(demo, visit):
    one = visit(state(DESIGN | {"heat_flux": "19000"}), url=demo, color_scheme="dark")
    one.page.wait_for_selector(".domain.outside")
    one.settle()
    assert "heat_flux" in one.page.inner_text(".domain")
    assert one.console == []
    one.picture("page_outside")
