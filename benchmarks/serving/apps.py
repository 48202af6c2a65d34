"""The least that can answer over HTTP, with which `benchmarks.serving` compares the endpoint: Starlette and orjson.

No validation, no limits, no versions, no metrics. `bare` answers by the surrogate itself; `lean` by the fewest lines
of NumPy for the same Gaussian processes and modes: no domain, no calibration, no places but extremes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fieldwright.surrogates.fields.quantities import Quantity, default_quantities
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.gaussian_process.kernel import FAMILIES, correlation_and_slope

ARTIFACT = "BENCHMARK_SURROGATE"


def loaded() -> Surrogate:
    """The surrogate that the benchmark has saved."""
    return Surrogate.load(Path(os.environ[ARTIFACT]))


class Lean:
    """Mean and std of extremes and means, and whole fields, of a surrogate of kind gp whose fields are all steady."""

    def __init__(self, surrogate: Surrogate) -> None:
        self.branches = []
        for branch in surrogate.emulator.branches:
            state = branch.regressor.state()
            self.branches.append((branch, state, np.unique(state["hyper.family"])))
        self.fields = surrogate.emulator.fields
        self.weights = {name: share / share.sum() for name, share in surrogate.weights.items()}

    def latent(self, x: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Mean and std of the scaled coordinates of each field."""
        found = {}
        for branch, state, families in self.branches:
            u = branch.scaler.scaled(branch.transform(x))
            squares = np.square(u[:, None] - state["x"])
            distance = np.einsum("qnp,rp->rqn", squares, state["hyper.lengthscale"] ** -2.0)
            cross = np.empty_like(distance)
            for index in families:
                rows = state["hyper.family"] == index
                cross[rows] = correlation_and_slope(distance[rows], FAMILIES[index])[0]
            cross *= state["hyper.outputscale"][:, None, None]
            cross *= 1.0 + (u * state["hyper.bilinear"][:, None]) @ state["x"].T
            cross += (u * state["hyper.linear"][:, None]) @ state["x"].T
            mean = (cross @ state["weights"][..., None])[..., 0] + state["hyper.constant"][:, None]
            known = np.square(cross @ state["inverse_factor"].swapaxes(1, 2)).sum(axis=-1)
            before = state["hyper.outputscale"][:, None] * (1.0 + state["hyper.bilinear"] @ np.square(u).T)
            before += state["hyper.linear"] @ np.square(u).T
            std = np.sqrt(np.maximum(before - known, 1e-11 * before) + state["hyper.noise"][:, None])
            ends = np.cumsum([self.fields[name].rank for name in branch.fields])[:-1]
            parts = zip(np.split(mean.T, ends, axis=1), np.split(std.T, ends, axis=1), strict=True)
            found |= dict(zip(branch.fields, parts, strict=True))
        return found

    def __call__(self, x: np.ndarray, fields: list[str], quantities: list[Quantity]) -> dict[str, Any]:
        """Mean and std of each."""
        latent, answer = self.latent(x), {}
        for name in {*fields, *(one.field for one in quantities)}:
            model, (z, sigma) = self.fields[name], latent[name]
            flat = z @ model.modes + model.origin
            field = flat.reshape(len(x), *model.shape[1:])
            modes = model.modes.reshape(-1, *model.shape[1:])
            if name in fields:
                std = np.sqrt(sigma**2 @ model.modes**2 + model.truncation_variance)
                answer[name] = {"mean": flat, "std": std, "lower": flat - 2 * std, "upper": flat + 2 * std}
            for one in quantities:
                if one.field == name:
                    answer[one.label] = self._number(one, field, modes, sigma)
        return answer

    def _number(
        self, one: Quantity, field: np.ndarray, modes: np.ndarray, sigma: np.ndarray
    ) -> dict[str, Any]:
        names = {"x": 0, "y": 1, "z": 2, None: 0}
        if one.component == "magnitude":
            scalar = np.linalg.norm(field, axis=-1)
            gradient = field / np.where(scalar > 0.0, scalar, 1.0)[..., None]
        else:
            scalar, gradient = field[..., names[one.component]], np.eye(field.shape[-1])[names[one.component]]
        if one.what == "mean":
            weight = self.weights[one.field]
            value = scalar @ weight
            if gradient.ndim == 1:
                along = (modes @ gradient) @ weight
            else:
                along = np.einsum("qpc,rpc->qr", gradient * weight[:, None], modes, optimize=True)
        else:
            place = scalar.argmax(axis=1) if one.what == "max" else scalar.argmin(axis=1)
            rows = np.arange(len(field))
            value, at = scalar[rows, place], modes[:, place]
            along = (
                (at @ gradient).T
                if gradient.ndim == 1
                else np.einsum("rqc,qc->qr", at, gradient[rows, place])
            )
        std = np.sqrt(np.sum((along * sigma) ** 2, axis=1))
        return {"mean": value, "std": std, "lower": value - 2 * std, "upper": value + 2 * std}


def application(
    answer: Callable[[np.ndarray, list[str], list[Quantity]], Any], surrogate: Surrogate
) -> Starlette:
    """POST /predict as the endpoint takes it."""
    names = [parameter.name for parameter in surrogate.description.parameters]
    default = [one for info in surrogate.description.fields for one in default_quantities(info)]

    async def predict(request: Request) -> Response:
        asked = orjson.loads(await request.body())
        rows = asked["parameters"] if isinstance(asked["parameters"], list) else [asked["parameters"]]
        x = np.array([[row[name] for name in names] for row in rows], dtype=np.float64)
        quantities = [Quantity(**one) for one in asked["quantities"]] if "quantities" in asked else default
        body = answer(x, asked.get("fields", []), quantities)
        return Response(orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")

    return Starlette(routes=[Route("/predict", predict, methods=["POST"])])


def bare() -> Starlette:
    """Answers by the surrogate."""
    surrogate = loaded()

    def answer(x: np.ndarray, fields: list[str], quantities: list[Quantity]) -> dict[str, Any]:
        prediction = surrogate.predict(x, fields, quantities)
        return {
            "inside": prediction.inside,
            "why": prediction.why,
            **{
                name: {part: np.ascontiguousarray(values) for part, values in vars(band).items()}
                for name, band in (*prediction.quantities.items(), *prediction.fields.items())
            },
        }

    return application(answer, surrogate)


def lean() -> Starlette:
    """Answers by a few lines of NumPy."""
    surrogate = loaded()
    return application(Lean(surrogate), surrogate)
