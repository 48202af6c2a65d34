"""The files of the page: types, what a browser may do with them, and libraries as their makers made them."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from skimage.color import rgb2lab

from fieldwright.serving.page.static_files import FOLDER, POLICY, TYPES

ROOT = Path(__file__).parents[3]
CHECKSUMS = {
    "vendor/uplot-1.6.32/LICENSE.txt": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
    "vendor/uplot-1.6.32/uPlot.esm.js": "5dd9b3281aa64b461b42d9945f6adb2649d346502b12281a9ae0d46599a80eba",
    "vendor/uplot-1.6.32/uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}
"""Of the files in the npm package uplot 1.6.32."""


def test_libraries_are_those_of_their_makers_with_their_licence():
    vendor = [path for path in (FOLDER / "vendor").rglob("*") if path.is_file()]
    assert {path.relative_to(FOLDER).as_posix() for path in vendor} == set(CHECKSUMS)
    for path, checksum in CHECKSUMS.items():
        assert hashlib.sha256((FOLDER / path).read_bytes()).hexdigest() == checksum


def test_every_file_is_served_with_its_type_and_leave_for_this_endpoint_alone(ask, champion):
    page = ask(champion, "GET", "/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"] == POLICY
    assert "default-src 'none'" in POLICY
    assert "http" not in page.text
    for path in FOLDER.rglob("*.*"):
        if path.is_dir():
            continue
        reply = ask(champion, "GET", f"/page/{path.relative_to(FOLDER).as_posix()}")
        assert reply.status_code == 200
        assert reply.content == path.read_bytes()
        assert reply.headers["content-type"] == TYPES[path.suffix]
        assert reply.headers["x-content-type-options"] == "nosniff"


def test_a_browsers_copy_is_checked_and_that_of_a_library_kept(ask, champion):
    reply = ask(champion, "GET", "/page/start.js")
    assert reply.headers["cache-control"] == "no-cache"
    again = ask(champion, "GET", "/page/start.js", headers={"If-None-Match": reply.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    library = ask(champion, "GET", "/page/vendor/uplot-1.6.32/uPlot.esm.js")
    assert "immutable" in library.headers["cache-control"]


@pytest.mark.parametrize(
    "path", ["/page/", "/page/nothing.js", "/page/../endpoint.py", "/page/%2e%2e/static_files.py"]
)
def test_nothing_else_is_served(ask, champion, path):
    assert ask(champion, "GET", path).status_code == 404


def colour_table(name: str) -> np.ndarray:
    """(256, 3) bytes of one of the page's colour maps."""
    text = (FOLDER / "field" / "colour_maps.js").read_text()
    table = re.search(rf'{name}:\n\s+"([^"]+)"', text)
    assert table is not None
    return np.frombuffer(base64.b64decode(table[1]), dtype=np.uint8).reshape(256, 3)


@pytest.mark.parametrize("name", ["viridis", "cividis", "inferno"])
def test_colour_maps_are_matplotlibs(name: str):
    own = matplotlib.colormaps[name](np.arange(256))[:, :3]
    np.testing.assert_allclose(colour_table(name) / 255.0, own, atol=0.5 / 255.0 + 1e-9)


@pytest.mark.parametrize("name", ["grey", "blue_red"])
def test_colours_of_the_own_maps_are_even_to_the_eye(name: str):
    # Over eight colours, so that the rounding to bytes does not count.
    steps = np.linalg.norm(np.diff(rgb2lab(colour_table(name)[None] / 255.0)[0, ::8], axis=0), axis=1)
    assert steps.max() < 1.35 * np.median(steps)


def test_modules_import_what_exists_and_nothing_from_elsewhere():
    for module in (path for path in FOLDER.rglob("*.js") if "vendor" not in path.parts):
        text = module.read_text()
        for target in re.findall(r'from "([^"]+)"|import\("([^"]+)"\)', text):
            (relative,) = filter(None, target)
            assert relative.startswith("."), module
            assert (module.parent / relative).resolve().is_file(), (module, relative)
        assert len(text.splitlines()) <= 300, module
