"""A trained surrogate as a graph from its parameters to its quantities, their bands and whether to trust them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.fields.beyond_runs import BeyondRuns
from fieldwright.surrogates.fields.description import Description, FieldInfo
from fieldwright.surrogates.fields.field_model import FieldModel
from fieldwright.surrogates.fields.per_field import candidate_config
from fieldwright.surrogates.fields.quantities import Quantity, default_quantities, unit_of
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.portable import graph
from fieldwright.surrogates.portable.field_graph import BandGraph, FieldGraph
from fieldwright.surrogates.portable.graph import Node
from fieldwright.surrogates.regressors import Portable, load_kinds

STATISTICS = ("mean", "std", "lower", "upper")
MEANING = {
    "mean": "mean",
    "std": "the model's own std",
    "lower": "lower end of the calibrated band",
    "upper": "upper end of the calibrated band",
}


@dataclass(frozen=True, eq=False)
class Output:
    """One number, or one array of numbers, that the graph gives.

    name: such as "max(temperature).upper", "temperature.mean" of a whole field, "inside" or "outside".
    times: of the first axis, None where there is none.
    """

    name: str
    unit: str
    meaning: str
    node: Node
    times: tuple[float, ...] | None = None


@dataclass(frozen=True, eq=False)
class PortableSurrogate:
    """The arithmetic of one version of a surrogate.

    x: the parameters (p,), in the order and units of the description. outputs: "inside" (1 or 0) and "outside" first.
    """

    description: Description
    version: str
    x: Node
    outputs: tuple[Output, ...]

    @classmethod
    def of(
        cls,
        surrogate: Surrogate,
        version: str,
        quantities: Sequence[Quantity] = (),
        whole_fields: bool = False,
    ) -> Self:
        """Of a version of a surrogate; raises ModelError where it cannot be exported.

        Parameters
        ----------
        surrogate : Surrogate
        version : str
            Its number in the registry.
        quantities : sequence of Quantity
            Largest, least and mean values of every field if there are none.
        whole_fields : bool
            Whether whole fields with their bands are outputs too; scalars are among the quantities.
        """
        check_portable(surrogate)
        description, emulator = surrogate.description, surrogate.emulator
        selected = quantities or [one for info in description.fields for one in default_quantities(info)]
        by_field = {
            info.name: [one for one in selected if one.field == surrogate.info(info.name).name]
            for info in description.fields
        }
        for one in selected:
            surrogate.info(one.field)
        x = graph.input_node(len(description.parameters))
        latent = latent_graphs(surrogate, x)
        spread = graph.constant(0.0)
        for name, (_, sigma) in latent.items():
            share = graph.sqrt(graph.square(sigma * emulator.fields[name].shares).sum())
            spread = graph.maximum(spread, share)
        outside = surrogate.domain.graph(x, spread)
        inside = graph.where_greater(outside, 1.0, 0.0, 1.0)
        outputs = [
            Output(
                "inside", "1", "1 where the query lies inside the domain of the training runs, else 0", inside
            ),
            Output(
                "outside", "1", "how far from the runs the query lies, above 1 outside the domain", outside
            ),
        ]
        for info in description.fields:
            decoder = emulator.fields[info.name]
            assert isinstance(decoder, FieldModel)
            beyond = BeyondRuns.of(info.name, emulator, surrogate.domain)
            field = FieldGraph.of(decoder, x, *latent[info.name], inside, beyond)
            steady = info.times is None
            of_field = by_field[info.name]
            readings = [surrogate.reading(one) for one in of_field]
            if of_field:
                bands = field.quantities(of_field, readings, surrogate.calibration, steady)
                for one in of_field:
                    outputs += _outputs(one.label, unit_of(one, info), bands[one.label], info)
            if whole_fields and info.on != "run":
                band = field.band(surrogate.calibration, info.name, steady)
                outputs += _outputs(info.name, info.unit, band, info)
        return cls(description, version, x, tuple(outputs))


def latent_graphs(surrogate: Surrogate, x: Node) -> dict[str, tuple[Node, Node]]:
    """Mean and std, each (r,), of the scaled coordinates of each field at the parameters x (p,)."""
    latent: dict[str, tuple[Node, Node]] = {}
    for branch in surrogate.emulator.branches:
        regressor = branch.regressor
        assert isinstance(regressor, Portable)
        # The scaler's formula is the same for numbers and for nodes.
        inputs = (branch.transform.graph(x) - branch.scaler.mean) / branch.scaler.scale
        mean, std = regressor.graph(inputs)
        first = 0
        for name in branch.fields:
            positions = np.arange(first, first + surrogate.emulator.fields[name].rank)
            latent[name] = (mean.take(positions), std.take(positions))
            first = int(positions[-1]) + 1
    return latent


def check_portable(surrogate: Surrogate) -> None:
    """Raises ModelError in one sentence that names what can be exported, unless this surrogate can."""
    description = surrogate.description
    kinds = load_kinds()
    portable = [name for name in sorted(kinds.regressors) if hasattr(kinds.regressor(name), "graph")]
    if description.history or not description.parameters:
        raise _not_portable("a forecast from a history")
    config = candidate_config(description.settings["candidate"])
    for info in description.fields:
        kind = config.of_field(info.name).kind
        if kind not in portable:
            raise _not_portable(f"'{kind}'", f"Export a version of one of the kinds {', '.join(portable)}")
        decoder = surrogate.emulator.fields[info.name]
        if not isinstance(decoder, FieldModel):
            raise _not_portable('transient = "parameter"', 'Train with transient = "trajectory"')
        if not decoder.affine:
            reduction = description.settings["reductions"][info.name]["kind"]
            raise _not_portable(
                f"the nonlinear reduction '{reduction}' of '{info.name}'", "Train with the reduction 'svd'"
            )


def _not_portable(got: str, advice: str = "Serve it instead, by `fieldwright serve`") -> ModelError:
    return ModelError(
        "A model to be exported must take parameters to fields by a linear reduction and a closed formula",
        got,
        advice,
    )


def _outputs(label: str, unit: str, band: BandGraph, info: FieldInfo) -> list[Output]:
    return [
        Output(f"{label}.{one}", unit, f"{label}, {MEANING[one]}", getattr(band, one), info.times)
        for one in STATISTICS
    ]
