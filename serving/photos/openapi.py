"""The OpenAPI documents of endpoints that are asked with photos."""

from __future__ import annotations

from typing import Any

from fieldwright.serving.fields.openapi import about_the_service, document
from fieldwright.serving.photos.limits import MULTIPART, PICTURES
from fieldwright.serving.photos.replies import PNG, ZIP
from fieldwright.surrogates.cracks.classification.classifier_description import ClassifierDescription
from fieldwright.surrogates.cracks.segmentation.segmentation_result import SegmenterDescription

Options = dict[str, dict[str, Any]]
BITS: Options = {
    "bits": {
        "type": "integer",
        "minimum": 8,
        "maximum": 16,
        "description": "that hold the brightness of photos with 16 bits a channel, where they do not use them all",
    }
}


def classifier_specification(description: ClassifierDescription) -> dict[str, Any]:
    """OpenAPI 3.0 of POST /classify and /explain."""
    prevalence: Options = {
        "prevalence": {
            "type": "number",
            "description": "share of cracked photos where these come from; if left out, "
            f"{description.prevalence:.3g} as in the validation photos",
            "example": 0.005,
        }
    }
    prevalence |= BITS
    # Written out here, since the methods lie beside torch, which BentoML's master process does without.
    explained: Options = BITS | {
        "method": {"type": "string", "enum": ["saliency", "smoothgrad", "grad_cam", "score_cam"]},
        "picture": {"type": "string", "enum": ["overlay", "heat", "mask"], "default": "overlay"},
    }
    return document(
        description.name,
        {
            "/classify": _route(
                "Whether photos show a crack: calibrated probability and band.", prevalence, ()
            ),
            "/explain": _route("Where the answer comes from.", explained, (PNG, ZIP)),
        }
        | about_the_service(),
    )


def segmenter_specification(description: SegmenterDescription) -> dict[str, Any]:
    """OpenAPI 3.0 of POST /segment."""
    length = {"type": "number", "minimum": 0}
    options: Options = BITS | {
        "mm_per_px": length | {"description": "millimetres on the surface per pixel"},
        "distance_mm": length | {"description": "of the camera; with focal_length_mm and pixel_pitch_um"},
        "focal_length_mm": length,
        "pixel_pitch_um": length | {"description": "distance of the sensor's pixels"},
        "scale_error": length | {"description": "share of it that the scale may be off", "default": 0},
        "profiles": {"type": "boolean", "description": "the width along every crack too", "default": False},
        "augmented": {
            "type": "boolean",
            "description": "mean of eight turned and mirrored views, 8 times slower",
        },
        "picture": {"type": "string", "enum": ["mask", "overlay", "probability", "std"], "default": "mask"},
    }
    summary = "Where photos show cracks, how long and wide they are, with error bars."
    return document(
        description.name, {"/segment": _route(summary, options, (PNG, ZIP))} | about_the_service()
    )


def _route(summary: str, options: Options, pictures: tuple[str, ...]) -> dict[str, Any]:
    photo = {"type": "array", "items": {"type": "string", "format": "binary"}}
    form = {"schema": {"type": "object", "required": ["photo"], "properties": {"photo": photo} | options}}
    whole = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in PICTURES}
    return {
        "post": {
            "summary": summary,
            "parameters": [
                {
                    "name": name,
                    "in": "query",
                    "description": schema.get("description", ""),
                    "schema": {key: value for key, value in schema.items() if key != "description"},
                }
                for name, schema in options.items()
            ],
            "requestBody": {"required": True, "content": {MULTIPART: form} | whole},
            "responses": {
                "200": {
                    "description": "The answer, in the type that 'Accept' asks for.",
                    "content": {"application/json": {}} | {kind: {} for kind in pictures},
                },
                "4XX": {"description": "One sentence on what is wrong.", "content": {"application/json": {}}},
            },
        }
    }
