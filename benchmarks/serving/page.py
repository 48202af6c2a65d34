"""How quickly the what-if page follows: from a slider that moves to the field that is redrawn, in headless Chromium.

`python -m benchmarks.serving.page` serves surrogates of a field at 2,000, 20,000 and 200,000 points of a plane by one
worker, opens the page at each, and moves a slider to values drawn at random, each when the answer to the one before
has been drawn. The page itself measures from the event to the numbers that it hands to WebGL, and to the frame after
the picture (`performance.measure`). Then the slider is moved on every frame for some seconds: the fields and frames
that the browser shows are counted, and tasks of the page that take longer than 50 ms. At last the page is opened
anew without a cache: time and bytes until the field is drawn. Without a graphics processor Chromium draws by
SwiftShader on the same cores that answer.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.serving.contenders import endpoint
from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.validation.cross_validation import cross_validate

RUNS, RANK = 30, 10
SIZES = (2_000, 20_000, 200_000)
SWITCHES = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
MOVE = """([share]) => {
  const slider = document.querySelector('.parameter input[type=range]');
  slider.value = String(Math.round(1000 * share));
  slider.dispatchEvent(new Event('input'));
}"""
NUMBERS = "performance.getEntriesByName('from design to numbers').map((one) => one.duration)"
MEASURED = "performance.getEntriesByName('from design to field').map((one) => one.duration)"
DRAG = """async (seconds) => {
  const slider = document.querySelector('.parameter input[type=range]');
  const until = performance.now() + 1000 * seconds;
  const frames = [];
  const tasks = [];
  new PerformanceObserver((list) => tasks.push(...list.getEntries().map((one) => one.duration)))
    .observe({ type: 'longtask' });
  for (let k = 0; performance.now() < until; k += 1) {
    slider.value = String(Math.round(500 + 380 * Math.sin(k / 20)));
    slider.dispatchEvent(new Event('input'));
    frames.push(await new Promise(requestAnimationFrame));
  }
  return [frames, tasks];
}"""
FIRST_FIELD = """(({ startTime, duration }) => startTime + duration)(
  performance.getEntriesByName('from design to field')[0])"""
BYTES = """performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))
  .map((one) => one.transferSize).reduce((a, b) => a + b, 0)"""


def train(folder: Path, points: int, seed: int = 0) -> None:
    """Saves a surrogate of one steady field on a plane of triangles, of four parameters."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0.5, 1.5, size=(RUNS, 4))
    side = round(points**0.5)
    axis = np.linspace(0.0, 1.0, side)
    plane = np.stack([*(one.ravel() for one in np.meshgrid(axis, axis)), np.zeros(side * side)], axis=1)
    first = (np.arange(side * side).reshape(side, side)[:-1, :-1]).ravel()
    corners = [first, first + 1, first + side + 1, first + side]
    triangles = np.concatenate(
        [np.stack([corners[k] for k in cut], axis=1) for cut in ((0, 1, 2), (0, 2, 3))]
    )
    phase = 6.0 * (x[:, :1] * plane[:, 0] + x[:, 1:2] * plane[:, 1])
    values = 300.0 + 50.0 * x[:, 2:3] * np.sin(phase) + 10.0 * x[:, 3:4] * np.cos(2.0 * phase)
    targets = {"temperature": values[..., None]}
    config = kind_config(
        {"kind": "gp", "restarts": 0, "kernel": "matern52", "inputs": "raw", "outputs": "raw"}
    )
    reductions = {"temperature": reduction_config({"kind": "svd", "rank": RANK})}
    Surrogate.train(
        config,
        reductions,
        x,
        targets,
        parameters=[ParameterInfo(name=name) for name in "abcd"],
        fields=[FieldInfo(name="temperature", unit="K", n_points=len(plane))],
        points={"temperature": plane},
        cells={"triangle": triangles},
        cross_validation=cross_validate(config, reductions, x, targets, folds=3, seed=seed),
        seed=seed,
        name="benchmark",
    ).save(folder)


def opened(browser: Any, port: int) -> Any:
    """The page, once its field has been drawn."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"http://127.0.0.1:{port}/")
    wait_for(page, 1)
    return page


def wait_for(page: Any, answers: int) -> list[float]:
    """The times of the answers so far, once there are so many."""
    while len(times := page.evaluate(MEASURED)) < answers:
        page.wait_for_timeout(5)
    return times


def main() -> None:
    """Prints a line for each size."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--moves", type=int, default=40, help="of the slider, for each size (%(default)s)")
    parser.add_argument("--seconds", type=float, default=4.0, help="that it is dragged (%(default)s)")
    parser.add_argument(
        "--sizes", type=int, nargs="*", default=SIZES, help="points of the field (%(default)s)"
    )
    given = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        browser = driver.chromium.launch(executable_path=chromium, args=SWITCHES)
        for size in given.sizes:
            artifact = Path(folder) / str(size)
            train(artifact, size)
            # Models of one name and version are one to an endpoint.
            os.environ["FIELDWRIGHT_HOME"] = str(Path(folder) / f"home_{size}")
            with endpoint(artifact) as (port, _):
                print(line(browser, port, size, given.moves, given.seconds), flush=True)


def line(browser: Any, port: int, size: int, moves: int, seconds: float) -> str:
    """What was measured at one size."""
    # Every page has a context of its own, without a cache.
    opened(browser, port).close()
    page = opened(browser, port)
    rng = np.random.default_rng(1)
    for k in range(moves):
        page.evaluate(MOVE, [float(rng.uniform(0.15, 0.85))])
        times = wait_for(page, k + 2)
    settled = np.array(times[1:])
    numbers = np.array(page.evaluate(NUMBERS)[1:])
    answers = len(times)
    stamps, tasks = page.evaluate(DRAG, seconds)
    frames = np.diff(stamps)
    drawn = len(page.evaluate(MEASURED)) - answers
    page.close()
    first = opened(browser, port)
    loaded, content = first.evaluate(FIRST_FIELD), first.evaluate(BYTES)
    requests = first.evaluate("performance.getEntriesByType('resource').length")
    first.close()
    parts = [
        f"slider to field {spread(settled)}, of which before drawing {spread(numbers)}",
        f"dragged: {drawn / seconds:.0f} fields/s, a frame in {spread(frames)}, {len(tasks)} long tasks",
        f"first load {loaded:.0f} ms, {content / 1e6:.2f} MB, {requests} requests",
    ]
    return f"{size:>7} points: {'; '.join(parts)}"


def spread(milliseconds: np.ndarray) -> str:
    """Median and 95 %."""
    return f"{np.median(milliseconds):.0f} ms (95 %: {np.quantile(milliseconds, 0.95):.0f})"


if __name__ == "__main__":
    main()
