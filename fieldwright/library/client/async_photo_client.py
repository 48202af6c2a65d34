"""What the client asks about photos that does not hold up the event loop."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from fieldwright.library.client.photo_answers import (
    EndpointGrowth,
    EndpointJob,
    EndpointMeasurements,
    EndpointPhotos,
)
from fieldwright.library.client.photo_client import JobRoute, Method, PhotoClient
from fieldwright.library.client.question import Photo, Picture, Steps
from fieldwright.library.client.retries import Retries
from fieldwright.library.client.steps import EndpointSteps

Answer = TypeVar("Answer")
Function = TypeVar("Function", bound=Callable[..., Any])


def documented_as(other: Callable[..., Any]) -> Callable[[Function], Function]:
    """The docstring of another function."""

    def documented(function: Function) -> Function:
        function.__doc__ = other.__doc__
        return function

    return documented


class AsyncPhotoClient(ABC):
    """The questions of `PhotoClient`, to be awaited."""

    _steps: EndpointSteps

    @abstractmethod
    async def _run(self, steps: Steps[Answer], retries: Retries | None = None) -> Answer:
        """Asks the questions one after the other; raises EndpointError."""

    @documented_as(PhotoClient.classify)
    async def classify(
        self, photos: Photo | Sequence[Photo], *, prevalence: float | None = None, bits: int | None = None
    ) -> EndpointPhotos:
        return await self._run(
            self._steps.photos("/classify", photos, False, prevalence=prevalence, bits=bits)
        )

    @documented_as(PhotoClient.explain)
    async def explain(
        self, photos: Photo | Sequence[Photo], *, method: Method | None = None, bits: int | None = None
    ) -> EndpointPhotos:
        return await self._run(self._steps.photos("/explain", photos, True, method=method, bits=bits))

    @documented_as(PhotoClient.segment)
    async def segment(
        self,
        photos: Photo | Sequence[Photo],
        *,
        mm_per_px: float | None = None,
        distance_mm: float | None = None,
        focal_length_mm: float | None = None,
        pixel_pitch_um: float | None = None,
        scale_error: float | None = None,
        threshold: float | None = None,
        profiles: bool = False,
        lines: bool = False,
        augmented: bool = False,
        bits: int | None = None,
        pictures: bool = True,
    ) -> EndpointPhotos:
        return await self._run(
            self._steps.photos(
                "/segment",
                photos,
                pictures,
                mm_per_px=mm_per_px,
                distance_mm=distance_mm,
                focal_length_mm=focal_length_mm,
                pixel_pitch_um=pixel_pitch_um,
                scale_error=scale_error,
                threshold=threshold,
                profiles=profiles,
                lines=lines,
                augmented=augmented,
                bits=bits,
            )
        )

    @documented_as(PhotoClient.measure)
    async def measure(
        self,
        mask: Picture,
        *,
        probability: Picture | None = None,
        std: Picture | None = None,
        threshold: float | None = None,
        profiles: bool = False,
        lines: bool = False,
        **scale: float,
    ) -> EndpointMeasurements:
        return await self._run(
            self._steps.measure(
                {"mask": mask, "probability": probability, "std": std},
                threshold=threshold,
                profiles=profiles,
                lines=lines,
                **scale,
            )
        )

    @documented_as(PhotoClient.compare)
    async def compare(
        self,
        before: Photo,
        after: Photo,
        *,
        before_mask: Picture | None = None,
        after_mask: Picture | None = None,
        before_maps: tuple[Picture, Picture] | None = None,
        after_maps: tuple[Picture, Picture] | None = None,
        threshold: float | None = None,
        bits: int | None = None,
        pictures: bool = True,
        **scale: float,
    ) -> EndpointGrowth:
        return await self._run(
            self._steps.compare(
                (before, after),
                (before_mask, after_mask),
                (before_maps, after_maps),
                pictures,
                threshold=threshold,
                bits=bits,
                **scale,
            )
        )

    @documented_as(PhotoClient.start_job)
    async def start_job(self, route: JobRoute, photos: Photo | Sequence[Photo], **options: Any) -> str:
        return await self._run(self._steps.start_job(route, photos, **options))

    @documented_as(PhotoClient.job)
    async def job(self, name: str) -> EndpointJob:
        return await self._run(self._steps.job("GET", name))

    @documented_as(PhotoClient.job_answer)
    async def job_answer(self, name: str, *, pictures: bool = True) -> EndpointPhotos:
        return await self._run(self._steps.job_answer(name, pictures))

    @documented_as(PhotoClient.end_job)
    async def end_job(self, name: str) -> EndpointJob:
        return await self._run(self._steps.job("DELETE", name))
