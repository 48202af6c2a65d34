"""One endpoint that serves models of every family that the page has a desk for, and a browser that looks at it."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fieldwright.serving.endpoint import Endpoint
from fieldwright.serving.hosting.champion import Champion
from fieldwright.serving.hosting.champions import Champions
from fieldwright.serving.hosting.shelf import Shelf, Shelved
from fieldwright.serving.hosting.worker_settings import Options
from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.validation.cross_validation import cross_validate

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = Path(__file__).parent / "axe" / "axe-4.14.1.min.js"
AXE_CHECKSUM = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
"""Of axe.min.js in the npm package axe-core 4.14.1."""
PATIENCE = 60.0
"""Seconds that a page may take, however busy the machine is."""
# WebGL without a graphics processor, as Chromium has it.
SWITCHES = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")


def body() -> Surrogate:
    """A steady body of 3 x 3 x 3 hexahedra that is bent.

    displacement at its points, strain energy in its cells, and the reaction, one number of each run.
    """
    rng = np.random.default_rng(3)
    x = rng.uniform([1.0, 0.5], [3.0, 4.0], size=(24, 2))
    axis = np.linspace(0.0, 1.0, 4)
    points = np.stack(np.meshgrid(2.0 * axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    index = np.arange(64).reshape(4, 4, 4)
    low, high = slice(None, -1), slice(1, None)
    around = [(low, low), (high, low), (high, high), (low, high)]
    cells = np.stack([index[a, b, c].ravel() for c in (low, high) for a, b in around], axis=1)
    # It softens with the logarithm of the temperature.
    load, softness = x[:, :1], 1.0 + 0.5 * np.log(x[:, 1:])
    sag = -load * softness * points[:, 0] ** 2 / 40.0
    displacement = np.stack([0.0 * sag, 0.0 * sag, sag], axis=-1)
    energy = (load * softness * points[cells].mean(axis=1)[:, 0])[..., None]
    reaction = (3.0 * load * softness)[..., None]
    targets = {"displacement": displacement, "energy": energy, "reaction": reaction}
    fields = (
        FieldInfo(name="displacement", unit="m", components=("x", "y", "z"), n_points=64),
        FieldInfo(name="energy", unit="J", on="cell", n_points=27),
        FieldInfo(name="reaction", unit="N", on="run", n_points=1),
    )
    config = kind_config({"kind": "bayes", "degree": 2})
    ranks = {"displacement": 2, "energy": 2, "reaction": 1}
    reductions = {name: reduction_config({"kind": "svd", "rank": rank}) for name, rank in ranks.items()}
    return Surrogate.train(
        config,
        reductions,
        x,
        targets,
        parameters=(ParameterInfo(name="load", unit="N"), ParameterInfo(name="warmth", unit="1")),
        fields=fields,
        points={
            "displacement": points,
            "energy": points[cells].mean(axis=1),
            "reaction": np.zeros((1, 3)),
        },
        cells={"hexahedron": cells},
        cross_validation=cross_validate(config, reductions, x, targets, folds=4, seed=0),
        seed=0,
        name="body",
    )


def plane(side: int = 250) -> Surrogate:
    """A field of so many points that the page draws fewer of them at first."""
    rng = np.random.default_rng(5)
    x = rng.uniform(1.0, 2.0, size=(9, 1))
    axis = np.linspace(0.0, 1.0, side)
    points = np.stack([*np.meshgrid(axis, axis, indexing="ij"), np.zeros((side, side))], axis=-1).reshape(
        -1, 3
    )
    corner = np.arange(side * side).reshape(side, side)[:-1, :-1].ravel()
    targets = {"height": (x * points[:, 0] + x**2 * points[:, 1])[..., None]}
    config = kind_config({"kind": "bayes", "degree": 2})
    reductions = {"height": reduction_config({"kind": "svd", "rank": 2})}
    return Surrogate.train(
        config,
        reductions,
        x,
        targets,
        parameters=(ParameterInfo(name="slope"),),
        fields=(FieldInfo(name="height", unit="m", n_points=side * side),),
        points={"height": points},
        cells={"quad": corner[:, None] + np.array([0, 1, side + 1, side])},
        cross_validation=cross_validate(config, reductions, x, targets, folds=3, seed=0),
        seed=0,
        name="plane",
    )


def wave() -> Surrogate:
    """A forecast: two numbers that turn round each other, gone on with from three measured times."""
    rng = np.random.default_rng(2)
    x = rng.uniform(0.8, 1.2, size=(12, 1))
    times = tuple(np.round(0.2 * np.arange(12), 6).tolist())
    angle = x * np.array(times) + rng.uniform(0.0, 6.0, size=(12, 1))
    targets = {"swing": np.stack([np.sin(angle), np.cos(angle)], axis=-1)[:, :, None, :]}
    config = kind_config({"kind": "dmd"})
    reductions = {"swing": reduction_config({"kind": "svd", "rank": 2})}
    return Surrogate.train(
        config,
        reductions,
        x,
        targets,
        parameters=(ParameterInfo(name="rate", unit="1/s"),),
        fields=(FieldInfo(name="swing", unit="m", components=("x", "y"), times=times, n_points=1),),
        points={"swing": np.zeros((1, 3))},
        cross_validation=cross_validate(config, reductions, x, targets, folds=4, seed=0, history=3),
        history=3,
        seed=0,
        name="wave",
    )


@dataclass
class Served:
    """An endpoint in a thread of this process, whose champions can be replaced and which can be stopped.

    url: where it listens, the same again after it was stopped. options: what its operator has chosen.
    """

    folder: Path
    listening: Callable[..., AbstractContextManager[str]]
    options: Options = field(default_factory=Options)
    champions: dict[str, Champion] = field(default_factory=dict)
    url: str = ""
    _context: AbstractContextManager[str] | None = None

    def promote(self, model: str, version: str, surrogate: Any) -> None:
        """Has the model answered by this surrogate from now on."""
        shelf = Shelf(self.folder / model)
        shelved = Shelved(model, version, version)
        shelf.put(shelved, lambda into: (surrogate.save(into / "saved"), into / "saved")[1])
        shelf.point_to(shelved)
        self.champions.setdefault(model, Champion(shelf)).refresh()

    def start(self) -> None:
        """Listens, on the port of before where there was one."""
        app = Endpoint(Champions(self.champions), options=self.options).app()
        port = int(self.url.rpartition(":")[2]) if self.url else 0
        self._context = self.listening(app, port=port)
        self.url = self._context.__enter__()

    def stop(self) -> None:
        """Answers no more."""
        if self._context is not None:
            self._context.__exit__(None, None, None)
            self._context = None


@pytest.fixture(scope="session")
def serve(
    tmp_path_factory: pytest.TempPathFactory, listening: Callable[..., AbstractContextManager[str]]
) -> Iterator[Callable[..., Served]]:
    """Serves models by their names; options: what the endpoint's operator has chosen."""
    started = []

    def serve(options: Options = Options(), **models: Any) -> Served:  # noqa: B008  # it is immutable
        served = Served(tmp_path_factory.mktemp("models"), listening, options)
        for model, one in models.items():
            served.promote(model, "1", one)
        served.start()
        started.append(served)
        return served

    yield serve
    for served in started:
        served.stop()


@pytest.fixture(scope="session")
def served(serve: Callable[..., Served], surrogate: Surrogate, shapes: Any, solution: Any) -> Served:
    return serve(plate=surrogate, body=body(), circles=shapes, beam=solution, plane=plane(), wave=wave())


# Of one module: as long as Playwright runs, the thread of the tests has an event loop, and asyncio.run() is refused.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, driven by Playwright."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="there is no Playwright: pip install playwright"
    )
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield running
        running.close()


@dataclass
class Visit:
    """A page that is open, with all that it wrote to the console and all addresses that it asked."""

    page: Any
    console: list[str]
    addresses: list[str]

    def number(self, quantity: str) -> float:
        """The value of a quantity as the page has it."""
        return float(self.page.get_attribute(f'[data-quantity="{quantity}"] .value', "data-value"))

    def state(self) -> dict[str, str]:
        """What stands behind "#" in the address."""
        return self.page.evaluate("Object.fromEntries(new URLSearchParams(location.hash.slice(1)))")

    def until(self, holds: Callable[[], bool]) -> None:
        """Waits until something holds of the page; Playwright's own way is forbidden by the page's policy."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, "it did not come to hold"
            self.page.wait_for_timeout(50)

    def serious_faults(self) -> list[tuple[str, list[str]]]:
        """What axe finds that keeps people out; the page must have been opened with bypass_csp=True."""
        assert hashlib.sha256(AXE.read_bytes()).hexdigest() == AXE_CHECKSUM
        # Axe is brought in by the browser's debugger: the policy of the page forbids it the page itself.
        self.page.evaluate(AXE.read_text())
        faults = self.page.evaluate("() => axe.run()")["violations"]
        return [
            (fault["id"], [node["html"] for node in fault["nodes"]])
            for fault in faults
            if fault["impact"] in ("serious", "critical")
        ]

    def picture(self, name: str) -> None:
        """Writes what is seen as a picture of the documentation, where FIELDWRIGHT_PICTURES names its folder."""
        folder = os.environ.get("FIELDWRIGHT_PICTURES")
        if folder:
            self.page.evaluate("scrollTo(0, 0)")
            shot = Image.open(io.BytesIO(self.page.screenshot(full_page=True))).convert("RGB")
            # A palette shows no difference to the eye and takes half of the bytes.
            shot.quantize(256, dither=Image.Dither.NONE).save(Path(folder) / f"{name}.png", optimize=True)

    def settle(self) -> None:
        """Waits until nothing has been asked for a moment, and the address is that of what is shown."""
        self.page.wait_for_load_state("networkidle")
        self.page.wait_for_timeout(250)


@pytest.fixture
def visit(served: Served, browser: Any) -> Iterator[Callable[..., Visit]]:
    """Opens the page at a state, such as "model=plate&field=temperature"; more: settings of Playwright's context.

    ready: what is waited for. url: of another endpoint.
    """
    contexts = []

    def visit(state: str, ready: str = ".domain strong:not(:empty)", url: str = "", **more: Any) -> Visit:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, **more)
        contexts.append(context)
        context.set_default_timeout(1000 * PATIENCE)
        page = context.new_page()
        console: list[str] = []
        addresses: list[str] = []
        page.on(
            "console", lambda line: console.append(line.text) if line.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: console.append(str(error)))
        page.on("request", lambda request: addresses.append(request.url))
        page.goto(f"{url or served.url}/#{state}")
        page.wait_for_selector(ready)
        return Visit(page, console, addresses)

    yield visit
    for context in contexts:
        context.close()
