"""What is asked of an endpoint for each method of the client, and how its answers are read."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
import orjson
from PIL import Image

from fieldwright.library.client.answers import (
    EndpointGradients,
    EndpointPrediction,
    EndpointSolution,
    gradients_of,
    prediction_of,
    solution_of,
)
from fieldwright.library.client.failures import error_of
from fieldwright.library.client.photo_answers import (
    EndpointGrowth,
    EndpointJob,
    EndpointMeasurements,
    EndpointPhotos,
    growth_of,
    job_of,
    mask_measurements,
    photos_of,
)
from fieldwright.library.client.question import (
    Parameters,
    Photo,
    Picture,
    PreparedQuestion,
    Steps,
    json_body,
    parameter_rows,
    photo_body,
    picture_body,
    plain,
)

NPZ, ZIP = "application/x-npz", "application/zip"
MOST_MESHES = 32
Archive = tuple[dict[str, Any], dict[str, np.ndarray]]


class EndpointSteps:
    """The steps of each method, without sending anything: the two clients share them.

    model: to ask of an endpoint that serves several; empty for the one that is served.
    """

    def __init__(self, model: str = "") -> None:
        self._prefix = f"/models/{quote(model, safe='')}" if model else ""
        self._model = model
        self._meshes: dict[tuple[str, str, str], dict[str, np.ndarray]] = {}

    def predict(self, parameters: Parameters | None, **keys: Any) -> Steps[EndpointPrediction]:
        """POST /predict, and where fields are asked for, their meshes."""
        about, arrays = yield self._post("/predict", _body(parameters, **keys))
        meshes = yield from self._meshes_of(about)
        return prediction_of(about, arrays, meshes)

    def gradients(self, parameters: Parameters, **keys: Any) -> Steps[EndpointGradients]:
        """POST /gradients, with what the model says of its fields."""
        about, arrays = yield self._post("/gradients", _body(parameters, **keys))
        models = yield from self.models()
        described = next(one for one in models if one["model"] == about["model"])
        meshes = yield from self._meshes_of(about)
        return gradients_of(about, arrays, {info["name"]: info for info in described["fields"]}, meshes)

    def solve(self, points: Any, parameters: Parameters | None, **keys: Any) -> Steps[EndpointSolution]:
        """POST /solve."""
        about, arrays = yield self._post("/solve", _body(parameters, points=points, **keys))
        return solution_of(about, arrays)

    def photos(
        self, path: str, photos: Photo | Sequence[Photo], pictures: bool, **options: Any
    ) -> Steps[EndpointPhotos]:
        """POST /classify, /explain or /segment; pictures: whether those are asked for."""
        document, images = yield self._ask("POST", path, pictures, photo_body(photos, **options))
        return photos_of(document, _by_photo(images, len(document["photos"])))

    def measure(self, pictures: Mapping[str, Picture | None], **options: Any) -> Steps[EndpointMeasurements]:
        """POST /measure."""
        document, _ = yield self._ask("POST", "/measure", False, picture_body(pictures, **options))
        return mask_measurements(document)

    def compare(
        self,
        photos: tuple[Photo, Photo],
        masks: tuple[Picture | None, Picture | None],
        maps: tuple[tuple[Picture, Picture] | None, tuple[Picture, Picture] | None],
        pictures: bool,
        **options: Any,
    ) -> Steps[EndpointGrowth]:
        """POST /compare of the earlier and the later photo; pictures: whether those are asked for."""
        files: dict[str, Picture | None] = {}
        for when, photo, mask, maps_of in zip(("before", "after"), photos, masks, maps, strict=True):
            probability, std = maps_of or (None, None)
            files |= {when: photo, f"{when}_mask": mask}
            files |= {f"{when}_probability": probability, f"{when}_std": std}
        document, images = yield self._ask("POST", "/compare", pictures, picture_body(files, **options))
        return growth_of(document, images)

    def start_job(self, route: str, photos: Photo | Sequence[Photo], **options: Any) -> Steps[str]:
        """POST /jobs."""
        body = photo_body(photos, **options)
        document, _ = yield self._ask("POST", f"/jobs?route={quote(route, safe='')}", False, body)
        return document["job"]

    def job(self, method: str, name: str) -> Steps[EndpointJob]:
        """GET or DELETE /jobs/{job}."""
        document, _ = yield self._ask(method, f"/jobs/{quote(name, safe='')}", False, {})
        return job_of(document)

    def job_answer(self, name: str, pictures: bool) -> Steps[EndpointPhotos]:
        """GET /jobs/{job}/answer."""
        path = f"/jobs/{quote(name, safe='')}/answer"
        document, images = yield self._ask("GET", path, pictures, {})
        return photos_of(document, _by_photo(images, len(document["photos"])))

    def models(self) -> Steps[list[dict[str, Any]]]:
        """GET /models."""
        documents = yield PreparedQuestion("GET", "/models", lambda reply: reply.json()["models"])
        return [one for one in documents if self._model in ("", one["model"])]

    def ready(self) -> Steps[bool]:
        """GET /readyz."""
        return (yield PreparedQuestion("GET", f"{self._prefix}/readyz", lambda reply: True))

    def _ask(self, method: str, path: str, pictures: bool, body: Mapping[str, Any]) -> PreparedQuestion:
        """A question that is answered by a document, and by pictures where those are asked for."""
        read, accept = (_zipped, ZIP) if pictures else (lambda reply: (reply.json(), {}), "application/json")
        return PreparedQuestion(method, f"{self._prefix}{path}", read, accept, body)

    def _post(self, path: str, body: Mapping[str, Any]) -> PreparedQuestion:
        return PreparedQuestion("POST", f"{self._prefix}{path}", _archive, NPZ, body)

    def _meshes_of(self, about: Mapping[str, Any]) -> Steps[dict[str, dict[str, np.ndarray]]]:
        """The places of all fields of an answer, those of its own version alone."""
        meshes = {}
        for name in about["fields"]:
            key = (about["model"], about["version"], name)
            if key not in self._meshes:
                path = f"{self._prefix}/mesh/{quote(name, safe='')}"
                mesh, arrays = yield PreparedQuestion("GET", path, _archive, NPZ)
                if mesh["version"] != about["version"]:
                    continue
                if len(self._meshes) >= MOST_MESHES:
                    self._meshes.pop(next(iter(self._meshes)))
                self._meshes[key] = arrays
            meshes[name] = self._meshes[key]
        return meshes


def _body(
    parameters: Parameters | None, quantities: Sequence[str | Mapping[str, Any]] | None = None, **keys: Any
) -> dict[str, Any]:
    listed = None if quantities is None else [plain(one) for one in quantities]
    return json_body(parameters=parameter_rows(parameters), quantities=listed, **keys)


def read_reply(question: PreparedQuestion, reply: httpx.Response) -> Any:
    """The answer in a reply; raises EndpointError where it is none."""
    if not reply.is_success:
        raise error_of(reply)
    try:
        return question.read(reply)
    except (ValueError, KeyError, zipfile.BadZipFile) as error:
        raise error_of(reply) from error


def _archive(reply: httpx.Response) -> Archive:
    with np.load(io.BytesIO(reply.content), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return orjson.loads(str(arrays.pop("about"))), arrays


def _zipped(reply: httpx.Response) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The document, and pictures by the names of their files."""
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        pictures = {
            name.removesuffix(".png"): np.array(Image.open(io.BytesIO(archive.read(name))))
            for name in archive.namelist()
            if name.endswith(".png")
        }
        return orjson.loads(archive.read("answer.json")), pictures


def _by_photo(pictures: Mapping[str, np.ndarray], photos: int) -> list[dict[str, np.ndarray]]:
    """Of each of so many photos, whose number their names begin with."""
    by_photo: list[dict[str, np.ndarray]] = [{} for _ in range(photos)]
    for name, one in pictures.items():
        number, _, picture = name.partition("_")
        by_photo[int(number)][picture] = one
    return by_photo
