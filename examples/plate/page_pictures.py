"""Takes the pictures of the what-if page that the documentation shows, of the demo as it is served.

    fieldwright demo && fieldwright serve demo/study.toml
    python examples/plate/page_pictures.py --url http://127.0.0.1:3000 --folder docs

It needs Chromium and the extra `test`, for Playwright.
"""

from __future__ import annotations

import argparse
import io
import shutil
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

DESIGN = {
    "heat_flux": 10500,
    "convection": 900,
    "conductivity": 45,
    "youngs_modulus": 2.1e11,
    "expansion": 1.25e-5,
}
PINNED = {
    "heat_flux": 8000,
    "convection": 1250,
    "conductivity": 50,
    "youngs_modulus": 2e11,
    "expansion": 1.35e-5,
}
STRESS = {
    "field": "von_mises",
    "contours": 10,
    "deform": "displacement",
    "factor": 12,
    "probe": "0.09,0.028,0",
}
PICTURES = {
    "page.png": ("light", DESIGN, STRESS | {"tab": "responses"} | {f"pin.{k}": v for k, v in PINNED.items()}),
    "page_outside.png": (
        "dark",
        DESIGN | {"heat_flux": 16500},
        {"field": "temperature", "show": "band width", "map": "cividis", "tab": "influence"},
    ),
}
"""File to colour scheme, design and what is shown of it."""
SWITCHES = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")


def take(browser: Browser, url: str, scheme: str, state: dict[str, object]) -> bytes:
    """A picture of the whole page once all of it is drawn."""
    page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"{url}/#{urlencode(state)}")
    page.wait_for_selector(".domain strong:not(:empty)")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(2000)
    return page.screenshot(full_page=True)


def main() -> None:
    """Writes all pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", default="http://127.0.0.1:3000", help="of the endpoint (%(default)s)")
    parser.add_argument("--folder", type=Path, default=Path("docs"), help="of the pictures (%(default)s)")
    given = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=SWITCHES)
        for name, (scheme, design, view) in PICTURES.items():
            state = {f"p.{key}": value for key, value in design.items()} | view
            picture = Image.open(io.BytesIO(take(browser, given.url, scheme, state)))
            picture.convert("RGB").save(given.folder / name, optimize=True)


if __name__ == "__main__":
    main()
