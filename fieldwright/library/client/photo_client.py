"""What the client asks about photos."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Literal, TypeVar

from fieldwright.library.client.photo_answers import (
    EndpointGrowth,
    EndpointJob,
    EndpointMeasurements,
    EndpointPhotos,
)
from fieldwright.library.client.question import Photo, Picture, Steps
from fieldwright.library.client.retries import Retries
from fieldwright.library.client.steps import EndpointSteps

Answer = TypeVar("Answer")
Method = Literal["saliency", "smoothgrad", "grad_cam", "score_cam"]
JobRoute = Literal["segment", "classify", "explain"]


class PhotoClient(ABC):
    """The questions about photos, of a client that waits for each answer."""

    _steps: EndpointSteps

    @abstractmethod
    def _run(self, steps: Steps[Answer], retries: Retries | None = None) -> Answer:
        """Asks the questions one after the other; raises EndpointError."""

    def classify(
        self, photos: Photo | Sequence[Photo], *, prevalence: float | None = None, bits: int | None = None
    ) -> EndpointPhotos:
        """Asks whether photos show a crack.

        Parameters
        ----------
        photos
            Paths of photos, or the bytes of their files.
        prevalence
            Share of cracked photos where these come from.
        bits
            For photos of 16 bits a channel that hold fewer.

        Returns
        -------
        EndpointPhotos
        """
        return self._run(self._steps.photos("/classify", photos, False, prevalence=prevalence, bits=bits))

    def explain(
        self, photos: Photo | Sequence[Photo], *, method: Method | None = None, bits: int | None = None
    ) -> EndpointPhotos:
        """Asks where photos show what the classifier goes by, with pictures.

        Parameters
        ----------
        photos
            As in `classify`.
        method
            "saliency", "smoothgrad", "grad_cam" or "score_cam".
        bits
            As in `classify`.

        Returns
        -------
        EndpointPhotos
        """
        return self._run(self._steps.photos("/explain", photos, True, method=method, bits=bits))

    def segment(
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
        """Asks where photos show cracks, how long and wide they are, with masks.

        Parameters
        ----------
        photos
            As in `classify`.
        mm_per_px
            Millimetres for each pixel.
        distance_mm
            Distance of the camera, which with the next two gives the scale too.
        focal_length_mm
            Focal length of its lens.
        pixel_pitch_um
            Pitch of the pixels of its sensor.
        scale_error
            Uncertainty of the scale, as a share.
        threshold
            Probability from which on a pixel is crack, in place of the model's own.
        profiles
            Whether to answer the widths along each crack.
        lines
            Whether to answer the middle line of each crack.
        augmented
            Whether to take the mean of eight views.
        bits
            As in `classify`.
        pictures
            Whether to answer masks and overlays.

        Returns
        -------
        EndpointPhotos
        """
        return self._run(
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

    def measure(
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
        """Asks how long and wide the cracks of a mask are, such as one that was corrected by hand.

        Parameters
        ----------
        mask
            A path, the bytes of a file, or an array: bool (height, width), or uint8 of which 255 is crack.
        probability
            Of crack at each pixel, likewise, 255 for 1, as `segment` gives it: it widens the bounds.
        std
            The same of its standard deviation.
        threshold
            Of the probability, by which the mask was made before it was corrected.
        profiles
            As in `segment`.
        lines
            As in `segment`.
        **scale
            `mm_per_px`, or `distance_mm`, `focal_length_mm` and `pixel_pitch_um`, and `scale_error`, as in `segment`.

        Returns
        -------
        EndpointMeasurements
        """
        return self._run(
            self._steps.measure(
                {"mask": mask, "probability": probability, "std": std},
                threshold=threshold,
                profiles=profiles,
                lines=lines,
                **scale,
            )
        )

    def compare(
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
        """Asks how much cracks have grown between two photos of one place.

        Parameters
        ----------
        before
            The photo that was taken first.
        after
            The later one.
        before_mask
            Its cracks, as in `measure`, where they are known better than the model sees them.
        after_mask
            The same of the later photo.
        before_maps
            Probability and standard deviation of that mask, as in `measure`: they widen the bounds.
        after_maps
            The same of the later photo.
        threshold
            As in `segment`, and that of masks before they were corrected.
        bits
            As in `classify`.
        pictures
            Whether to answer the new crack, and the later photo as it lies upon the first.
        **scale
            As in `measure`, of the first photo.

        Returns
        -------
        EndpointGrowth
        """
        return self._run(
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

    def start_job(self, route: JobRoute, photos: Photo | Sequence[Photo], **options: Any) -> str:
        """Has photos answered that take longer than a question may, such as those of 24 megapixels.

        Parameters
        ----------
        route
            "segment", "classify" or "explain".
        photos
            As in `classify`.
        **options
            Those of the route, such as `mm_per_px`; `pictures="mask,std"` names those that a segmenter draws.

        Returns
        -------
        str
            The name of the job, which nobody can guess.
        """
        return self._run(self._steps.start_job(route, photos, **options))

    def job(self, name: str) -> EndpointJob:
        """Asks how far a job has come.

        Parameters
        ----------
        name
            As `start_job` gave it.

        Returns
        -------
        EndpointJob
        """
        return self._run(self._steps.job("GET", name))

    def job_answer(self, name: str, *, pictures: bool = True) -> EndpointPhotos:
        """Asks for the answer of a job that is done.

        Parameters
        ----------
        name
            As `start_job` gave it.
        pictures
            Whether to answer its pictures too.

        Returns
        -------
        EndpointPhotos
        """
        return self._run(self._steps.job_answer(name, pictures))

    def end_job(self, name: str) -> EndpointJob:
        """Cancels a job, or has the endpoint forget one that has ended.

        Parameters
        ----------
        name
            As `start_job` gave it.

        Returns
        -------
        EndpointJob
        """
        return self._run(self._steps.job("DELETE", name))
