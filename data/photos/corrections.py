"""Masks that people have corrected, kept with their photos as a collection that the reader `pairs` reads."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson
from PIL import Image

from fieldwright.data.folder_lock import folder_locked
from fieldwright.data.photos.image_file import open_image
from fieldwright.data.photos.orientation import EXIF_ORIENTATION, orientation_of, turned_back

PHOTOS, MASKS, VERSIONS = "photos", "masks", "versions"
SUFFIX = {"JPEG": ".jpg", "PNG": ".png", "TIFF": ".tif", "BMP": ".bmp", "WEBP": ".webp", "PPM": ".ppm"}
INCOMING = ".incoming-"
NAME_LENGTH = 60


@dataclass(frozen=True)
class CorrectedMask:
    """A mask that has been stored. name: of photo and mask, without suffix. version: 1 for the photo's first mask."""

    name: str
    version: int


class CorrectionFolder:
    """A folder with `photos/`, byte for byte, `masks/`, the newest of each photo, and `versions/<name>/`, every mask.

    A photo is known by its content, whatever it is called. Files are written beside and moved into place, one writer
    at a time: a reader finds whole files, and a full disk leaves all as it was.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def count(self) -> tuple[int, int]:
        """How many photos have a mask, and how many masks there are of them in all."""
        masks = sum(1 for _ in (self.folder / MASKS).glob("[!.]*.png"))
        return masks, sum(1 for _ in (self.folder / VERSIONS).glob("*/*.png"))

    def save(self, photo: bytes, photo_name: str, mask: np.ndarray, about: dict[str, str]) -> CorrectedMask:
        """Keeps the mask (h, w) bool of an upright photo as its newest.

        about: what else to keep of it, in a JSON file beside. Raises OSError, and then nothing is changed.
        """
        with open_image(photo, "The photo") as image:
            suffix, orientation = SUFFIX[image.format or "PNG"], orientation_of(image)
        digest = hashlib.sha256(photo).hexdigest()
        self.folder.mkdir(parents=True, exist_ok=True)
        with folder_locked(self.folder):
            for left_behind in self.folder.glob(f"{INCOMING}*"):
                shutil.rmtree(left_behind, ignore_errors=True)
            there = next((self.folder / PHOTOS).glob(f"*-{digest[:16]}.*"), None)
            name = there.stem if there else f"{_plain(photo_name)}-{digest[:16]}"
            versions = self.folder / VERSIONS / name
            version = 1 + max((int(path.stem) for path in versions.glob("[0-9]*.png")), default=0)
            content = _png(mask, orientation)
            document = {"photo": photo_name, "sha256": digest, "time": datetime.now(UTC).isoformat(), **about}
            files = {
                versions / f"{version}.png": content,
                versions / f"{version}.json": orjson.dumps(document, option=orjson.OPT_INDENT_2),
                **({} if there else {self.folder / PHOTOS / f"{name}{suffix}": photo}),
                # At last, since by it the photo becomes one of the collection.
                self.folder / MASKS / f"{name}.png": content,
            }
            self._write(files)
        return CorrectedMask(name, version)

    def _write(self, files: dict[Path, bytes]) -> None:
        """All files or, but for a mask's older version, none."""
        with tempfile.TemporaryDirectory(prefix=INCOMING, dir=self.folder) as incoming:
            written = []
            for number, content in enumerate(files.values()):
                written.append(Path(incoming, str(number)))
                with written[-1].open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
            placed: list[Path] = []
            try:
                for source, path in zip(written, files, strict=True):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    is_new = not path.exists()
                    os.replace(source, path)
                    placed += [path] if is_new else []
            except OSError:
                for path in placed:
                    path.unlink(missing_ok=True)
                raise


def _plain(name: str) -> str:
    """The name of a photo as one that any file may have."""
    stem = re.sub(r"[^A-Za-z0-9_.+-]+", "_", Path(name.replace("\\", "/")).stem).strip("._-")
    return stem[:NAME_LENGTH] or "photo"


def _png(mask: np.ndarray, orientation: int) -> bytes:
    """The mask as the photo is stored, under the photo's own orientation, so that none has to be guessed."""
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    buffer = io.BytesIO()
    stored = np.ascontiguousarray(turned_back(mask, orientation))
    Image.fromarray(stored.astype(np.uint8) * 255).save(buffer, "PNG", exif=exif)
    return buffer.getvalue()
