"""Fieldwright: from finished simulation runs to live surrogates with honest error bars.

The Python interface, `import fieldwright as fw`:

- `fit(X, Y, model="gp")`: a calibrated model of fields over parameters, with `predict`, `errors`, `plot` and `save`.
- `read(path)`: a result file, a run or a folder of runs as an xarray Dataset, which `fit` takes.
- `load(path)`: a saved model, or a registered one by "models:/name@champion".
- `solve(problem)`: an equation, by name or as a `Problem`, solved by physics-informed networks.
- `SVD`: the reduction by itself. `Regressor`: `fit` as a scikit-learn estimator.
- `Client(url)`, `AsyncClient(url)`: ask an endpoint; answers are pandas tables and xarray Datasets.
- `FieldwrightError`: what every mistake of a user raises.

Each name is imported at its first use: nothing but the interpreter is loaded by `import fieldwright`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fieldwright.data.errors import FieldwrightError
    from fieldwright.library.client.async_client import AsyncClient
    from fieldwright.library.client.client import Client
    from fieldwright.library.equations import solve
    from fieldwright.library.fitting import fit
    from fieldwright.library.loading import load
    from fieldwright.library.reading import read
    from fieldwright.library.regressor import Regressor
    from fieldwright.library.svd import SVD

__all__ = ["SVD", "AsyncClient", "Client", "FieldwrightError", "Regressor", "fit", "load", "read", "solve"]

_MODULES = {
    "AsyncClient": "fieldwright.library.client.async_client",
    "Client": "fieldwright.library.client.client",
    "FieldwrightError": "fieldwright.data.errors",
    "Regressor": "fieldwright.library.regressor",
    "SVD": "fieldwright.library.svd",
    "fit": "fieldwright.library.fitting",
    "load": "fieldwright.library.loading",
    "read": "fieldwright.library.reading",
    "solve": "fieldwright.library.equations",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'fieldwright' has no attribute '{name}'")
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
