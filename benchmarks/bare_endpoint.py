"""The least that can answer over HTTP from a surrogate: what `benchmarks.endpoint` compares the endpoint with.

Starlette on uvicorn; no validation, no limits, no versions, no metrics.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fieldwright.surrogates.fields.quantities import Quantity
from fieldwright.surrogates.fields.surrogate import Surrogate

surrogate = Surrogate.load(Path(os.environ["BARE_SURROGATE"]))
names = [parameter.name for parameter in surrogate.description.parameters]


async def predict(request: Request) -> Response:
    """The asked quantities of one query or many, as the endpoint answers them."""
    asked = orjson.loads(await request.body())
    rows = asked["parameters"] if isinstance(asked["parameters"], list) else [asked["parameters"]]
    x = np.array([[row[name] for name in names] for row in rows], dtype=np.float64)
    quantities = [Quantity(**quantity) for quantity in asked["quantities"]]
    prediction = surrogate.predict(x, (), quantities)
    answer = {
        "inside": prediction.inside,
        "quantities": {label: vars(band) for label, band in prediction.quantities.items()},
    }
    return Response(orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")


app = Starlette(routes=[Route("/predict", predict, methods=["POST"])])
