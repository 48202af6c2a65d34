"""The routes as BentoML knows them: declared by its decorator with pydantic models, for its clients and its schema.

Over HTTP the endpoint's own routes answer at the same paths. What is declared here is what `/schema.json` tells, and
what answers when the service is called in Python; it takes questions to the endpoint, so that both answer alike.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import bentoml
import httpx
from bentoml.exceptions import BentoMLException
from pydantic import BaseModel, Field
from starlette.applications import Starlette

from fieldwright.serving.equations.interface import SolutionAnswer
from fieldwright.serving.fields.interface import GradientsAnswer, PredictionAnswer, SensitivitiesAnswer
from fieldwright.serving.photos.interface import (
    ClassifyAnswer,
    CompareAnswer,
    ExplainAnswer,
    MeasureAnswer,
    SegmentAnswer,
)
from fieldwright.serving.photos.options import ExplainMethod

Answer = TypeVar("Answer", bound=BaseModel)
Rows = dict[str, Any] | list[dict[str, Any]]


class Question(BaseModel):
    """Keys of a question; GET /docs.json tells which of them the served model takes, and what they may hold."""

    parameters: Rows | None = Field(
        None, description="A number for each parameter by its name, or a list of such."
    )
    units: dict[str, str] | None = Field(
        None, description="Units of the parameters, as the client means them."
    )


class GradientsInput(Question):
    """A question to POST /gradients."""

    fields: list[str] | None = Field(None, description="Fields to answer in full.")
    quantities: list[dict[str, Any]] | None = Field(None, description="Numbers read off fields.")


class SensitivitiesInput(BaseModel):
    """A question to POST /sensitivities."""

    quantities: list[dict[str, Any]] | None = Field(None, description="Numbers read off fields.")
    samples: int | None = Field(None, description="By which shares are estimated: a power of two.")


class PredictInput(GradientsInput):
    """A question to POST /predict."""

    band: str | None = Field(None, description='"pointwise" or "simultaneous".')
    times: list[float] | None = Field(None, description="Times to answer at.")
    outside: str | None = Field(None, description='"refuse" or "answer".')
    history: dict[str, Any] | None = Field(
        None, description="Measured first times, for a model that forecasts."
    )
    outline: list[Any] | None = Field(None, description="Corners of a shape, for a model of shapes.")
    distance: list[Any] | None = Field(None, description="Signed distance, in place of an outline.")


class SolveInput(Question):
    """A question to POST /solve."""

    points: list[list[float]] | None = Field(None, description="Coordinates of each point.")
    derivatives: list[str] | None = Field(None, description="Names of derivatives.")
    outside: str | None = Field(None, description='"refuse" or "answer".')


def _spec(model: type[BaseModel]) -> Any:
    """BentoML takes any pydantic model, whatever its annotation says."""
    return model


class DeclaredRoutes:
    """What the service answers, in BentoML's terms. application: of the endpoint, which answers."""

    application: ClassVar[Starlette]

    @bentoml.api(input_spec=_spec(PredictInput), output_spec=_spec(PredictionAnswer))
    def predict(self, **question: Any) -> PredictionAnswer:
        """Mean, spread and calibrated band of quantities and fields."""
        return self._answered("/predict", PredictionAnswer, question)

    @bentoml.api(input_spec=_spec(GradientsInput), output_spec=_spec(GradientsAnswer))
    def gradients(self, **question: Any) -> GradientsAnswer:
        """Derivatives of the mean with respect to each parameter."""
        return self._answered("/gradients", GradientsAnswer, question)

    @bentoml.api(input_spec=_spec(SensitivitiesInput), output_spec=_spec(SensitivitiesAnswer))
    def sensitivities(self, **question: Any) -> SensitivitiesAnswer:
        """Which parameters quantities depend on."""
        return self._answered("/sensitivities", SensitivitiesAnswer, question)

    @bentoml.api(input_spec=_spec(SolveInput), output_spec=_spec(SolutionAnswer))
    def solve(self, **question: Any) -> SolutionAnswer:
        """The solution of an equation at points."""
        return self._answered("/solve", SolutionAnswer, question)

    @bentoml.api(output_spec=_spec(ClassifyAnswer))
    def classify(
        self, photo: list[Path], bits: int | None = None, prevalence: float | None = None
    ) -> ClassifyAnswer:
        """Whether photos show a crack."""
        options = {"bits": bits, "prevalence": prevalence}
        return self._answered("/classify", ClassifyAnswer, options, photo)

    @bentoml.api(output_spec=_spec(ExplainAnswer))
    def explain(
        self, photo: list[Path], bits: int | None = None, method: ExplainMethod = "saliency"
    ) -> ExplainAnswer:
        """Where the photos show what the classifier goes by."""
        return self._answered("/explain", ExplainAnswer, {"bits": bits, "method": method}, photo)

    @bentoml.api(output_spec=_spec(SegmentAnswer))
    def segment(
        self,
        photo: list[Path],
        bits: int | None = None,
        mm_per_px: float | None = None,
        distance_mm: float | None = None,
        focal_length_mm: float | None = None,
        pixel_pitch_um: float | None = None,
        scale_error: float | None = None,
        threshold: float | None = None,
        profiles: bool = False,
        lines: bool = False,
        augmented: bool = False,
    ) -> SegmentAnswer:
        """Where photos show cracks, and how long and wide they are."""
        options = {
            "bits": bits,
            "mm_per_px": mm_per_px,
            "distance_mm": distance_mm,
            "focal_length_mm": focal_length_mm,
            "pixel_pitch_um": pixel_pitch_um,
            "scale_error": scale_error,
            "threshold": threshold,
            "profiles": profiles,
            "lines": lines,
            "augmented": augmented,
        }
        return self._answered("/segment", SegmentAnswer, options, photo)

    @bentoml.api(output_spec=_spec(MeasureAnswer))
    def measure(
        self,
        mask: Path,
        mm_per_px: float | None = None,
        scale_error: float | None = None,
        threshold: float | None = None,
        profiles: bool = False,
        lines: bool = False,
    ) -> MeasureAnswer:
        """How long and wide the cracks of a mask are."""
        options = {
            "mm_per_px": mm_per_px,
            "scale_error": scale_error,
            "threshold": threshold,
            "profiles": profiles,
            "lines": lines,
        }
        return self._answered("/measure", MeasureAnswer, options, [mask], ("mask",))

    @bentoml.api(output_spec=_spec(CompareAnswer))
    def compare(
        self,
        before: Path,
        after: Path,
        bits: int | None = None,
        mm_per_px: float | None = None,
        scale_error: float | None = None,
        threshold: float | None = None,
    ) -> CompareAnswer:
        """How much cracks have grown between two photos."""
        options = {
            "bits": bits,
            "mm_per_px": mm_per_px,
            "scale_error": scale_error,
            "threshold": threshold,
        }
        return self._answered("/compare", CompareAnswer, options, [before, after], ("before", "after"))

    def _answered(
        self,
        path: str,
        answer: type[Answer],
        question: dict[str, Any],
        photos: list[Path] | None = None,
        names: Sequence[str] = (),
    ) -> Answer:
        """The endpoint's answer; raises BentoMLException with its sentence and status."""
        present_options = {name: value for name, value in question.items() if value is not None}
        request: dict[str, Any] = {"json": present_options}
        if photos is not None:
            files = [
                (name, (photo.name, photo.read_bytes(), "application/octet-stream"))
                for name, photo in zip(names or ["photo"] * len(photos), photos, strict=True)
            ]
            request = {
                "files": files,
                "data": {name: json.dumps(value) for name, value in present_options.items()},
            }

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.application)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost", timeout=None
            ) as client:
                return await client.post(path, **request)

        # In a thread of its own, since the caller's may be running an event loop.
        with ThreadPoolExecutor(1) as thread:
            reply = thread.submit(asyncio.run, send()).result()
        if reply.status_code != HTTPStatus.OK:
            raise BentoMLException(reply.json()["error"], error_code=HTTPStatus(reply.status_code))
        return answer.model_validate_json(reply.content)
