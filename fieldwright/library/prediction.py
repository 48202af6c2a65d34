"""The answer of a fitted model, in the form in which its user gave the fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from fieldwright.data.errors import QueryError

STATISTICS = ("mean", "std", "lower", "upper")


@dataclass(frozen=True, eq=False)
class FieldPrediction:
    """What a model predicts for q queries, see `FittedModel.predict`.

    Attributes
    ----------
    mean, std, lower, upper
        The mean, its standard deviation and the calibrated band around it, with the axes of Y: an array where Y was
        one, arrays by name where it was several fields, an xarray Dataset where it or the queries were.
    inside
        (q,) bool, whether each query lies inside the domain of the training runs. Outside, no band can be promised.
    outside
        (q,) how far each query lies from the runs: 1 at the border of the domain, above it outside.
    why
        For each query one sentence on what speaks against trusting its answer, or None.
    coverage
        The probability with which the bands cover a new run.
    """

    mean: Any
    std: Any
    lower: Any
    upper: Any
    inside: Any
    outside: Any
    why: tuple[str | None, ...]
    coverage: float
    _fields: Mapping[str, Mapping[str, np.ndarray]] = field(repr=False)
    _queries: xr.Dataset = field(repr=False)
    _datasets: Mapping[str, xr.Dataset] = field(repr=False)

    @property
    def out(self) -> Any:
        """Whether each query (q,) lies outside the domain: one to simulate rather than to trust."""
        return ~self.inside

    def __getitem__(self, name: str) -> FieldPrediction:
        """The prediction of one field, as arrays; raises QueryError naming the fields."""
        if name not in self._fields["mean"]:
            raise QueryError(
                f"A field must be one of {', '.join(self._fields['mean'])}", f"'{name}'", "Correct the name"
            )
        parts = {one: {name: self._fields[one][name]} for one in STATISTICS}
        sets = {one: self._datasets[one][[name]] for one in STATISTICS}
        return FieldPrediction(
            **{one: parts[one][name] for one in STATISTICS},
            inside=np.asarray(self.inside),
            outside=np.asarray(self.outside),
            why=self.why,
            coverage=self.coverage,
            _fields=parts,
            _queries=self._queries,
            _datasets=sets,
        )

    def to_xarray(self) -> xr.Dataset:
        """All of it as one Dataset, with an axis "statistic" of mean, std, lower and upper.

        Returns
        -------
        xarray.Dataset
            The fields, and `inside`, `outside` and `why` along the queries; `to_netcdf` takes it.
        """
        joined = xr.concat([self._datasets[one] for one in STATISTICS], "statistic", join="exact")
        run = next(iter(self._queries.coords.values())).dims[0]
        return joined.assign_coords(
            statistic=list(STATISTICS),
            inside=(run, np.asarray(self.inside)),
            outside=(run, np.asarray(self.outside)),
            why=(run, [one or "" for one in self.why]),
        )
