"""How each family of models is served: its loader and its routes, the one place that knows them.

Loaders and handlers are imported when a model of the family is loaded: a worker needs those of one family alone.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fieldwright.serving.exchange import RouteHandler
from fieldwright.serving.hosting.shelf import Shelved
from fieldwright.serving.served_model import ServedModel
from fieldwright.surrogates.families import (
    CLASSIFICATION,
    EQUATIONS,
    FIELDS,
    SEGMENTATION,
    SHAPES,
    Family,
    family_of,
)


@dataclass(frozen=True)
class FamilyRoute:
    """A route that a family answers, by the handler "module:function".

    options: whether it has any behind "?". question: whether it is one that the model answers.
    """

    method: str
    path: str
    handler: str
    options: bool = False
    question: bool = True

    def __str__(self) -> str:
        return f"{self.method} {self.path.replace(':path', '')}"


@dataclass(frozen=True)
class ServedFamily:
    """One family as it is served.

    phrase: what a model of it is, as the sentence says that refuses a question to another. loader: "module:function"
    that makes a version on the shelf ready to be served.
    """

    family: Family
    phrase: str
    loader: str
    routes: tuple[FamilyRoute, ...]

    @cached_property
    def handlers(self) -> dict[tuple[str, str], RouteHandler]:
        """Method and path to handler."""
        return {(route.method, route.path): pkgutil.resolve_name(route.handler) for route in self.routes}

    def post_routes(self) -> str:
        """The routes by which it answers queries, in words."""
        paths = [route.path for route in self.routes if route.method == "POST" and route.question]
        return f"POST {' or '.join(paths)}"


PREDICT = FamilyRoute("POST", "/predict", "fieldwright.serving.fields.routes:predict_route")
MESH = FamilyRoute("GET", "/mesh/{field:path}", "fieldwright.serving.fields.routes:mesh_route")
SURFACE = FamilyRoute(
    "GET", "/surface/{field:path}", "fieldwright.serving.fields.routes:surface_route", options=True
)
CORRECTIONS = (
    FamilyRoute(
        "GET", "/corrections", "fieldwright.serving.photos.corrections:corrections_route", question=False
    ),
    FamilyRoute(
        "POST",
        "/corrections",
        "fieldwright.serving.photos.corrections:correct_route",
        options=True,
        question=False,
    ),
)
JOBS = (
    FamilyRoute("POST", "/jobs", "fieldwright.serving.jobs.routes:post_job", options=True, question=False),
    FamilyRoute("GET", "/jobs/{job}", "fieldwright.serving.jobs.routes:get_job", question=False),
    FamilyRoute("DELETE", "/jobs/{job}", "fieldwright.serving.jobs.routes:delete_job", question=False),
    FamilyRoute(
        "GET",
        "/jobs/{job}/answer",
        "fieldwright.serving.jobs.routes:get_job_answer",
        options=True,
        question=False,
    ),
)
SERVED_FAMILIES = (
    ServedFamily(
        FIELDS,
        "a model of runs that differ by parameters",
        "fieldwright.serving.fields.served:load_served",
        (
            PREDICT,
            FamilyRoute("POST", "/gradients", "fieldwright.serving.fields.routes:gradients_route"),
            FamilyRoute("POST", "/sensitivities", "fieldwright.serving.fields.routes:sensitivities_route"),
            MESH,
            SURFACE,
            FamilyRoute("GET", "/runs", "fieldwright.serving.fields.routes:runs_route"),
            FamilyRoute("GET", "/histories", "fieldwright.serving.fields.routes:histories_route"),
        ),
    ),
    ServedFamily(
        SHAPES,
        "a model of shapes",
        "fieldwright.serving.shapes.served_shapes:load_served_shapes",
        (PREDICT, MESH, SURFACE),
    ),
    ServedFamily(
        EQUATIONS,
        "a solution of an equation",
        "fieldwright.serving.equations.served_solution:load_served_solution",
        (FamilyRoute("POST", "/solve", "fieldwright.serving.equations.routes:solve_route"),),
    ),
    ServedFamily(
        CLASSIFICATION,
        "a crack classifier",
        "fieldwright.serving.photos.served_classifier:load_served_classifier",
        (
            FamilyRoute(
                "POST", "/classify", "fieldwright.serving.photos.routes:classify_route", options=True
            ),
            FamilyRoute("POST", "/explain", "fieldwright.serving.photos.routes:explain_route", options=True),
            *CORRECTIONS,
            *JOBS,
        ),
    ),
    ServedFamily(
        SEGMENTATION,
        "a crack segmenter",
        "fieldwright.serving.photos.served_segmenter:load_served_segmenter",
        (
            FamilyRoute("POST", "/segment", "fieldwright.serving.photos.routes:segment_route", options=True),
            FamilyRoute("POST", "/measure", "fieldwright.serving.photos.routes:measure_route", options=True),
            FamilyRoute("POST", "/compare", "fieldwright.serving.photos.routes:compare_route", options=True),
            FamilyRoute(
                "POST",
                "/protocol",
                "fieldwright.serving.photos.protocol_route:protocol_route",
                options=True,
                question=False,
            ),
            *CORRECTIONS,
            *JOBS,
        ),
    ),
)
FAMILY_ROUTES = tuple(dict.fromkeys(route for one in SERVED_FAMILIES for route in one.routes))
"""Those of all families, each once."""
ROUTES_BY_PATH = {
    path: {route.method: route for route in FAMILY_ROUTES if route.path == path}
    for path in dict.fromkeys(route.path for route in FAMILY_ROUTES)
}
"""By path, and then by method."""


def served_family(family: Family) -> ServedFamily:
    """How models of the family are served."""
    return next(one for one in SERVED_FAMILIES if one.family == family)


def load_shelved(shelved: Shelved, folder: Path) -> ServedModel:
    """The version, ready to be served, of whichever family it is; raises ModelError."""
    family = served_family(family_of(folder))
    served = pkgutil.resolve_name(family.loader)(shelved, folder)
    # Imported now, not while the first request waits.
    _ = family.handlers
    return served
