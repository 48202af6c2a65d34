"""The options of a request about photos: texts in a form or behind "?", read by pydantic models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, Strict
from pydantic.json_schema import SkipJsonSchema
from pydantic.types import AllowInfNan

from fieldwright.data.errors import QueryError
from fieldwright.serving.phrases import listed
from fieldwright.serving.schemas.reading import RequestObject, Says, without_default

if TYPE_CHECKING:
    from fieldwright.surrogates.cracks.measurement import Scale

Nothing = SkipJsonSchema[None]
MASK, OVERLAY, HEAT, PROBABILITY, STD = "mask", "overlay", "heat", "probability", "std"
NEW, ALIGNED = "new", "aligned"
CAMERA = ("distance_mm", "focal_length_mm", "pixel_pitch_um")


def option(description: str, **more: Any) -> Any:
    """An option that may be left out."""
    return Field(default=None, description=description, json_schema_extra=without_default, **more)


def _span(name: str, span: str, noun: str = "number") -> Says:
    return Says(f"'{name}' must be a {noun} {span}", "Correct it")


def _positive(name: str) -> Any:
    """A length: within bounds in which no area overflows."""
    return Annotated[
        Annotated[float, AllowInfNan(False), Field(ge=1e-6, le=1e6)] | Nothing,
        _span(name, "above 0, from 1e-06 to 1e+06"),
    ]


def share(name: str) -> Any:
    """A number from 0 to 1, which may be left out."""
    return Annotated[
        Annotated[float, AllowInfNan(False), Field(ge=0.0, le=1.0)] | Nothing,
        _span(name, "between 0 and 1"),
    ]


def _choice(name: str, choices: Sequence[str]) -> Says:
    return Says(f"'{name}' must be one of {listed(choices)}")


def switch(name: str) -> Any:
    """True or false."""
    return Annotated[
        bool,
        Strict(),
        BeforeValidator(
            lambda text: {"true": True, "false": False}.get(text, text) if isinstance(text, str) else text
        ),
        Says(f"'{name}' must be one of 'false' and 'true'", "Correct it"),
    ]


ExplainMethod = Literal["saliency", "smoothgrad", "grad_cam", "score_cam"]
"""Written out, since the methods lie beside torch, which BentoML's master process does without."""
EXPLAIN_PICTURES = (OVERLAY, HEAT, MASK)
SEGMENT_PICTURES = (MASK, OVERLAY, PROBABILITY, STD)
COMPARE_PICTURES = (NEW, ALIGNED)
_SEGMENT_PICTURE = "|".join(SEGMENT_PICTURES)


class PhotoOptions(RequestObject):
    """Options of every route that takes photos."""

    bits: Annotated[
        Annotated[int, Field(ge=8, le=16)] | Nothing, _span("bits", "between 8 and 16", "whole number")
    ] = option(
        "Bits that hold the brightness of photos with 16 bits a channel, where they do not use them all."
    )


class ClassifyOptions(PhotoOptions):
    """Options of POST /classify."""

    prevalence: Annotated[
        Annotated[float, AllowInfNan(False), Field(gt=0.0, lt=1.0)] | Nothing,
        _span("prevalence", "between 0 and 1"),
    ] = option(
        "Share of cracked photos where these come from; if left out, that of the validation photos.",
        examples=[0.005],
    )


class ExplainOptions(PhotoOptions):
    """Options of POST /explain."""

    method: Annotated[ExplainMethod, _choice("method", ExplainMethod.__args__)] = Field(
        "saliency", description="How the photo is explained."
    )
    picture: Annotated[Literal["overlay", "heat", "mask"] | Nothing, _choice("picture", EXPLAIN_PICTURES)] = (
        option("That an answer as PNG shows; the overlay if left out.")
    )


class ScaleOptions(RequestObject):
    """How large a pixel is."""

    mm_per_px: _positive("mm_per_px") = option("Millimetres on the surface per pixel.")  # type: ignore[valid-type]
    distance_mm: _positive("distance_mm") = option(  # type: ignore[valid-type]
        "Of the camera from the surface; with focal_length_mm and pixel_pitch_um."
    )
    focal_length_mm: _positive("focal_length_mm") = option("Of the lens.")  # type: ignore[valid-type]
    pixel_pitch_um: _positive("pixel_pitch_um") = option("Distance of the sensor's pixels.")  # type: ignore[valid-type]
    scale_error: share("scale_error") = option(  # type: ignore[valid-type]
        "Share of it that the scale may be off; 0 if left out."
    )

    def camera(self) -> dict[str, float]:
        """The options that describe the camera."""
        values = {name: getattr(self, name) for name in CAMERA}
        return {name: value for name, value in values.items() if value is not None}

    def scale(self) -> Scale | None:
        """Of a pixel, where the client says it."""
        from fieldwright.surrogates.cracks.measurement.scale import Scale

        error = self.scale_error or 0.0
        if self.mm_per_px is not None:
            return Scale(self.mm_per_px, error)
        camera = self.camera()
        return Scale.of_camera(**camera, relative_error=error) if camera else None

    def model_post_init(self, context: Any) -> None:
        """Raises QueryError for half of a scale, for two, and for the error of none."""
        direct = ["mm_per_px"] if self.mm_per_px is not None else []
        camera = self.camera()
        if camera and (direct or len(camera) < len(CAMERA)):
            raise QueryError(
                f"The scale must be given as 'mm_per_px', or by all of {', '.join(CAMERA)}",
                ", ".join([*direct, *camera]),
                "Add what is missing, or leave out the rest",
            )
        if self.scale_error is not None and not direct and not camera:
            raise QueryError(
                "'scale_error' must come with the scale that it belongs to",
                "'scale_error' alone",
                "Add 'mm_per_px', or leave it out",
            )


class MeasureOptions(ScaleOptions):
    """Options of POST /measure."""

    threshold: share("threshold") = option(  # type: ignore[valid-type]
        "Of the probability by which the mask was made before it was corrected; the model's own if left out."
    )
    profiles: switch("profiles") = Field(False, description="The width along every crack too.")  # type: ignore[valid-type]
    lines: switch("lines") = Field(  # type: ignore[valid-type]
        False, description="The middle lines of every crack too, as corners x, y to be drawn."
    )


class SegmentOptions(PhotoOptions, MeasureOptions):
    """Options of POST /segment."""

    threshold: share("threshold") = option(  # type: ignore[valid-type]
        "Probability from which on a pixel is crack; the model's own if left out."
    )
    augmented: switch("augmented") = Field(  # type: ignore[valid-type]
        False, description="Mean of eight turned and mirrored views, 8 times slower."
    )
    picture: Annotated[
        Literal["mask", "overlay", "probability", "std"] | Nothing, _choice("picture", SEGMENT_PICTURES)
    ] = option("That an answer as PNG shows; the mask if left out.")
    pictures: Annotated[
        Annotated[str, Field(pattern=f"^({_SEGMENT_PICTURE})(,({_SEGMENT_PICTURE}))*$")] | Nothing,
        Says(f"'pictures' must be some of {listed(SEGMENT_PICTURES)} with commas between", "Correct it"),
    ] = option("That an archive, or the answers of a job, have; all if left out.", examples=["mask,std"])


class CompareOptions(PhotoOptions, ScaleOptions):
    """Options of POST /compare."""

    threshold: share("threshold") = option(  # type: ignore[valid-type]
        "Probability from which on a pixel is crack, or was in a mask that was corrected; the model's if left out."
    )
    picture: Annotated[Literal["new", "aligned"] | Nothing, _choice("picture", COMPARE_PICTURES)] = option(
        "That an answer as PNG shows; the new crack if left out."
    )
