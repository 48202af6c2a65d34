"""A segmenter and a classifier of drawn concrete behind one endpoint, and the crack desk that is open over them."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from fieldwright.data.photos.photo import png_bytes
from fieldwright.physics.concrete import SurfaceSettings, generate
from fieldwright.serving.hosting.worker_settings import Options
from fieldwright.surrogates.cracks.classification.cnn_settings import CrackCnnConfig
from fieldwright.surrogates.cracks.classification.crack_classifier import CrackClassifier
from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter
from fieldwright.surrogates.cracks.segmentation.unet_settings import CrackUNetConfig

PATIENCE = 60.0
"""Seconds that an answer may take, however busy the machine is."""
BUSY = (
    "tr[data-state=waiting], tr[data-state=running], .photo-table tr.stale:not([data-state=refused]), "
    ".photo-panel[aria-busy=true]"
)
"""What is on a page that still asks or draws."""


def surface(seed: int, size: tuple[int, int], crack: bool = True) -> Any:
    """A drawn wall of concrete, with its mask."""
    settings = SurfaceSettings(
        family="concrete", distractors=0, camera=False, width_px=(3, 8), size=size, crack=crack
    )
    return generate(settings, seed=seed)


@dataclass
class PhotoFile:
    """A photo as it lies on an inspector's disk."""

    name: str
    content: bytes

    @classmethod
    def of(cls, name: str, pixels: np.ndarray) -> PhotoFile:
        return cls(name, png_bytes(pixels))

    def upload(self) -> dict[str, Any]:
        """As Playwright gives it to a page."""
        return {"name": self.name, "mimeType": "image/png", "buffer": self.content}


@pytest.fixture(scope="session")
def segmenter() -> CrackSegmenter:
    walls = [surface(seed, (128, 128)) for seed in range(16)]
    photos, masks = [wall.photo for wall in walls], [wall.mask for wall in walls]
    config = CrackUNetConfig(widths=(8, 16), crop=64, batch=8, steps=60, checks=2, members=2)
    return CrackSegmenter.train(
        config, photos[:12], masks[:12], validation=(photos[12:], masks[12:]), seed=0, name="walls"
    )


@pytest.fixture(scope="session")
def classifier() -> CrackClassifier:
    cracked = np.arange(48) % 2 == 0
    photos = [surface(seed, (64, 64), bool(yes)).photo for seed, yes in enumerate(cracked)]
    config = CrackCnnConfig(size=32, widths=(8, 16, 32), members=2, epochs=8, batch=16)
    return CrackClassifier.train(
        config, photos[:32], cracked[:32], validation=(photos[32:], cracked[32:]), seed=0, name="tiles"
    )


@pytest.fixture(scope="session")
def corrections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the endpoint keeps corrected masks."""
    return tmp_path_factory.mktemp("corrections")


@pytest.fixture(scope="session")
def served(
    serve: Callable[..., Any], corrections: Path, segmenter: CrackSegmenter, classifier: CrackClassifier
) -> Any:
    """In place of the models that have parameters."""
    return serve(Options(corrections=str(corrections)), walls=segmenter, tiles=classifier)


@pytest.fixture(scope="session")
def walls() -> list[PhotoFile]:
    """Two photos of cracked concrete."""
    return [PhotoFile.of(f"pier {k}.png", surface(200 + k, (160, 240)).photo) for k in range(2)]


@pytest.fixture(scope="session")
def grown() -> tuple[PhotoFile, PhotoFile]:
    """A wall, and the same from a place nearby with a further crack of 100 pixels, 5 wide."""
    before = surface(211, (240, 320)).photo
    after = before.copy()
    for column in range(100):
        row = 40 + column // 5
        after[row : row + 5, 180 + column] //= 4
    return PhotoFile.of("before.png", before), PhotoFile.of("after.png", np.roll(after, (4, -6), (0, 1)))


@pytest.fixture(scope="session")
def large() -> PhotoFile:
    """A photo of more than a million bytes: a wall, with what a camera writes beside its pixels."""
    wall = png_bytes(surface(205, (240, 320)).photo)
    beside = b"caMr" + bytes(1_100_000)
    chunk = struct.pack(">I", len(beside) - 4) + beside + struct.pack(">I", zlib.crc32(beside))
    header = 33
    return PhotoFile("large.png", wall[:header] + chunk + wall[header:])


@pytest.fixture(scope="session")
def strange() -> PhotoFile:
    """What no model of concrete has seen: stripes in glaring colours."""
    stripes = np.zeros((128, 128, 3), dtype=np.uint8)
    stripes[:, ::4] = (255, 0, 255)
    stripes[:, 1::4] = (0, 255, 0)
    return PhotoFile.of("strange.png", stripes)


@dataclass
class Desk:
    """A crack desk that is open in a browser."""

    visit: Any
    url: str
    model: str

    @property
    def page(self) -> Any:
        return self.visit.page

    def add(self, *photos: PhotoFile) -> None:
        """Takes photos in and waits until nothing is asked any more."""
        self.page.set_input_files("#photo-files", [photo.upload() for photo in photos])
        self.page.wait_for_selector(f'tr[data-photo="{photos[-1].name}"]')
        self.answered()

    def answered(self) -> None:
        """Waits until every number on the page is that of what is shown."""
        self.visit.until(lambda: self.page.locator(BUSY).count() == 0)

    def state(self) -> dict[str, str]:
        """What stands behind "#" in the address, which follows what is shown a moment later."""
        self.page.wait_for_timeout(200)
        return self.visit.state()

    def measured(self, name: str) -> float:
        """A measured value as the page has it."""
        return float(self.page.get_attribute(f'[data-measured="{name}"] .value', "data-value"))

    def select(self, photo: PhotoFile) -> None:
        self.page.click(f'tr[data-photo="{photo.name}"] .photo-name')
        self.answered()

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Where a pixel of the photo, in shares of its sides, lies on the screen while all of it is shown."""
        box = self.page.locator(".photo-panel .photo-picture canvas").bounding_box()
        width, height = self.page.evaluate(
            "() => document.querySelector('.photo-panel').dataset.size.split(',').map(Number)"
        )
        scale = min(box["width"] / width, box["height"] / height)
        left = box["x"] + (box["width"] - width * scale) / 2
        top = box["y"] + (box["height"] - height * scale) / 2
        return left + x * width * scale, top + y * height * scale

    def draw(self, *places: tuple[float, float]) -> None:
        """Presses the pointer at the first place, and lets it go at the last."""
        self.page.mouse.move(*self.point(*places[0]))
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*self.point(*place), steps=3)
        self.page.mouse.up()

    def colour(self, x: float, y: float) -> list[int]:
        """Red, green and blue that the page shows there."""
        left, top = self.point(x, y)
        clip = {"x": round(left), "y": round(top), "width": 1, "height": 1}
        picture = Image.open(io.BytesIO(self.page.screenshot(clip=clip)))
        return [int(level) for level in np.asarray(picture.convert("RGB"))[0, 0]]

    def download(self, click: Callable[[], None]) -> bytes:
        """The file that the page gives out."""
        with self.page.expect_download() as download:
            click()
        with open(download.value.path(), "rb") as file:
            return file.read()

    def asked(self, route: str, files: Sequence[tuple[str, PhotoFile]], **options: Any) -> dict[str, Any]:
        """What a program is answered."""
        reply = httpx.post(
            f"{self.url}/models/{self.model}/{route}",
            files=[(name, (photo.name, photo.content, "image/png")) for name, photo in files],
            data={name: str(value) for name, value in options.items()},
            trust_env=False,
            timeout=PATIENCE,
        )
        assert reply.status_code == 200, reply.text
        return reply.json()

    def picture(self, photo: PhotoFile, name: str) -> np.ndarray:
        """A picture of the segmenter's answer."""
        reply = httpx.post(
            f"{self.url}/models/{self.model}/segment?picture={name}",
            files=[("photo", (photo.name, photo.content, "image/png"))],
            headers={"Accept": "image/png"},
            trust_env=False,
            timeout=PATIENCE,
        )
        return np.asarray(Image.open(io.BytesIO(reply.content)))


@pytest.fixture
def desk(served: Any, visit: Callable[..., Any]) -> Callable[..., Desk]:
    """Opens the desk of a model at a state, such as "threshold=0.3"; more: settings of Playwright's context."""

    def desk(model: str = "walls", state: str = "", url: str = "", **more: Any) -> Desk:
        opened = visit(f"model={model}&{state}", ready=".drop-area", url=url, **more)
        return Desk(opened, url or served.url, model)

    return desk
