"""Quantities read off latent coordinates: by their definitions, and the same for one query as for many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from fieldwright.surrogates.fields import functional
from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.fields.field_model import FieldModel
from fieldwright.surrogates.fields.functional import Functional, Selection
from fieldwright.surrogates.fields.prediction import Band
from fieldwright.surrogates.fields.quantities import Quantity, default_quantities
from fieldwright.surrogates.fields.readout.reading import Reading
from fieldwright.surrogates.fields.readout.readout import Readout
from fieldwright.surrogates.fields.transforms.field_scaling import FieldScaling
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config, load_kinds
from fieldwright.surrogates.trajectory.sequence import SequenceConfig
from fieldwright.surrogates.trajectory.time_by_time import TimeByTime
from fieldwright.surrogates.validation.band_limits import limited

RUNS, TIMES, POINTS = 24, 3, 12
PRECISION = 1e-12
"""Of a value relative to the field's largest, and of a std relative to itself: some thousand roundings."""
REDUCTIONS = {
    "svd": {"kind": "svd", "rank": 4},
    "kernel_pca": {"kind": "kernel_pca", "rank": 3},
    "autoencoder": {"kind": "autoencoder", "rank": 2, "hidden": [8], "epochs": 30},
    "vae": {"kind": "vae", "rank": 2, "hidden": [8], "epochs": 30},
}
FORMS = [
    *(
        (reduction, form, False)
        for reduction in ("svd", "kernel_pca")
        for form in ("steady", "whole", "times")
    ),
    *((reduction, "steady", False) for reduction in ("autoencoder", "vae")),
    *(("svd", form, True) for form in ("steady", "whole", "times")),
]


@dataclass(frozen=True, eq=False)
class Case:
    """A field model, the parameters of queries and their latent coordinates."""

    model: FieldModel | TimeByTime
    x: np.ndarray
    z: np.ndarray

    def readings(self, components: int) -> list[Reading]:
        """Every functional of the field, means with and without weights of the points."""
        weights = np.linspace(1.0, 3.0, POINTS)
        corners = Selection(np.array([2, 7, 9]), np.array([0.2, 0.5, 0.3]))
        share = Selection(None, weights / weights.sum())
        which = [*range(components), *([None] if components > 1 else [])]
        return [
            Reading(Functional(what, "u", component), selection, 1.0)
            for component in which
            for what, selection in (
                *(("max", None), ("min", None), ("mean", None)),
                *(("mean", share), ("point", corners)),
            )
        ]


def learned(reduction: str, form: str, logarithmic: bool, components: int, scaled: bool) -> Case:
    rng = np.random.default_rng(3)
    x = rng.uniform(0.5, 2.0, (RUNS, 2))
    axis = np.linspace(0.0, 1.0, POINTS)
    time = np.ones(1) if form == "steady" else np.linspace(0.5, 1.5, TIMES)
    size = x[:, :1, None] * time[None, :, None] * (1.0 + np.sin(3.0 * axis) * x[:, 1:, None])
    values = np.stack(
        [size + 0.1 * np.cos(axis * (k + 1.0) * x[:, :1, None] * x[:, 1:, None]) for k in range(components)],
        axis=-1,
    )
    values = values if form != "steady" else values[:, 0]
    # Bounds that some values reach.
    bounds = (float(np.quantile(values, 0.1)), float(np.quantile(values, 0.9)))
    scaling = (
        FieldScaling(np.array([1.0, 0.0]), x.min(axis=0), np.ones(2), 0.0, -1, *bounds) if scaled else None
    )
    learn = TimeByTime.fit if form == "times" else FieldModel.fit
    targets = values if scaling is None else scaling.scaled(x, values)
    model, z = learn(reduction_config(REDUCTIONS[reduction]), targets, 0, logarithmic, scaling)
    return Case(model, x[:6], z[:6])


@pytest.mark.parametrize("scaled", [False, True], ids=["as given", "scaled and bounded"])
@pytest.mark.parametrize("components", [1, 3])
@pytest.mark.parametrize(("reduction", "form", "logarithmic"), FORMS)
def test_values_and_stds_are_those_of_the_definitions(reduction, form, logarithmic, components, scaled):
    case = learned(reduction, form, logarithmic, components, scaled)
    readings, model = case.readings(components), case.model.at(case.x)
    sigma = np.random.default_rng(4).uniform(0.01, 0.3, case.z.shape)
    field = model.mean(case.z)
    values, stds = Readout(readings, case.model)(model, case.z, sigma, field)
    for k, read in enumerate(readings):
        value = functional.value(read.functional, field, read.selection)
        std = functional.std(read.functional, model, field, case.z, sigma, read.selection)
        np.testing.assert_allclose(values[:, k], value, rtol=0, atol=PRECISION * np.abs(field).max())
        np.testing.assert_allclose(stds[:, k], std, rtol=PRECISION)


def test_sums_of_an_affine_field_do_not_need_the_field():
    case = learned("svd", "whole", False, 3, False)
    readings = [read for read in case.readings(3) if read.functional.statistic in ("mean", "point")]
    sums = [read for read in readings if read.functional.component is not None]
    readout = Readout(sums, case.model)
    assert not readout.needs_field
    assert Readout(readings, case.model).needs_field
    values, _ = readout(case.model, case.z, np.ones_like(case.z), None)
    expected = [functional.value(one.functional, case.model.mean(case.z), one.selection) for one in sums]
    np.testing.assert_allclose(values, np.stack(expected, axis=1), atol=1e-12)


def test_a_vector_of_zeros_moves_with_every_component():
    values = np.zeros((10, POINTS, 2))
    values[:, 1:] = np.random.default_rng(0).normal(size=(10, POINTS - 1, 2))
    model, z = FieldModel.fit(reduction_config({"kind": "svd", "rank": 3}), values, seed=0)
    readings = [Reading(Functional(what, "u", None), None, 1.0) for what in ("min", "mean")]
    field = model.mean(z)
    _, stds = Readout(readings, model)(model, z, np.ones_like(z), field)
    for k, read in enumerate(readings):
        np.testing.assert_allclose(
            stds[:, k], functional.std(read.functional, model, field, z, np.ones_like(z))
        )


KINDS = {
    "mlp": {"members": 2, "hidden": (8,), "iterations": 20},
    "lstm": {"members": 2, "hidden": 8, "iterations": 20, "patience": 20},
    "gru": {"members": 2, "hidden": 8, "iterations": 20, "patience": 20},
    "stack": {"members": ({"kind": "gp", "restarts": 0}, {"kind": "linear"})},
}
EXACT = ("gp", "gp of steps")


def settings() -> list[tuple[str, dict]]:
    found = []
    for kind, config in sorted(load_kinds().configs.items()):
        found.append((kind, {"kind": kind, **KINDS.get(kind, {})}))
        if not issubclass(config, SequenceConfig) and kind != "stack":
            found.append(
                (f"{kind} of steps", {"kind": kind, "transient": "parameter", **KINDS.get(kind, {})})
            )
    return found


@pytest.mark.parametrize(("name", "chosen"), settings(), ids=[name for name, _ in settings()])
def test_an_answer_does_not_depend_on_the_queries_beside_it(name, chosen, plate):
    config = kind_config(chosen)
    x = plate.parameters(RUNS, 0)
    targets = {"velocity": plate.fields(x)["velocity"]}
    history = 2 if issubclass(type(config), SequenceConfig) else 0
    emulator = Emulator.fit(config, {"velocity": plate.reductions["velocity"]}, x, targets, 0, history)
    queries = plate.parameters(9, 5)
    start = {"velocity": plate.fields(queries)["velocity"][:, :2]} if history else None
    together = emulator.latent(queries, history=start)["velocity"]
    for i in range(len(queries)):
        first = None if start is None else {"velocity": start["velocity"][i : i + 1]}
        alone = emulator.latent(queries[i : i + 1], history=first)["velocity"]
        for one, many in zip(alone, together, strict=True):
            if name in EXACT:
                np.testing.assert_array_equal(one[0], many[i])
            else:
                np.testing.assert_allclose(one[0], many[i], rtol=1e-9, atol=1e-12)


@examples(max_examples=12)
@given(
    rows=st.lists(st.integers(0, 39), min_size=1, max_size=12),
    simultaneous=st.booleans(),
    times=st.booleans(),
)
def test_bands_are_the_same_bits_in_any_company(prepared, plate, rows, simultaneous, times):
    x = plate.parameters(40, 11)[rows]
    asked = [
        *(one for info in plate.infos for one in default_quantities(info)),
        *(Quantity("point", "velocity", "magnitude", (0.31, 0.47)), Quantity("integral", "temperature")),
    ]
    if times:
        asked = [one for one in asked if one.field == "velocity"]
    fields, at = (["velocity"], (0.25, 0.5)) if times else (None, None)
    many = prepared.predict(x, fields, asked, times=at, simultaneous=simultaneous)
    alone = [prepared.predict(row[None], fields, asked, times=at, simultaneous=simultaneous) for row in x]
    for i, one in enumerate(alone):
        for bands, single in ((many.quantities, one.quantities), (many.fields, one.fields)):
            assert list(bands) == list(single)
            for label, band in bands.items():
                for part in ("mean", "std", "lower", "upper"):
                    np.testing.assert_array_equal(getattr(band, part)[i], getattr(single[label], part)[0])
        assert (many.why[i], many.outside[i]) == (one.why[0], one.outside[0])


@pytest.fixture(scope="module")
def prepared(plate):
    """A process with its own std at every query."""
    return plate.train("gp", 30, folds=3, restarts=0)


def test_the_band_of_a_quantity_is_its_value_and_factors_of_its_std(prepared, plate):
    x = plate.parameters(5, 9)
    asked = [one for info in plate.infos for one in default_quantities(info)]
    latent = prepared.emulator.latent(x)
    for simultaneous in (False, True):
        answer = prepared.predict(x, (), asked, simultaneous=simultaneous)
        for one in asked:
            read, model = prepared.reading(one), prepared.emulator.fields[one.field].at(x)
            z, sigma = latent[one.field]
            field = model.mean(z)
            value = functional.value(read.functional, field, read.selection)
            std = functional.std(read.functional, model, field, z, sigma, read.selection)
            factors = prepared.calibration.quantities[read.functional]
            half = factors.of(simultaneous) * std + model.rounding(value)
            low = 0.0 if read.functional.component is None else -np.inf
            parts = (value, std, value - half, value + half)
            expected = limited(Band(*parts).within(low, np.inf), factors.low, factors.high, answer.inside)[0]
            band = answer.quantities[one.label]
            for part in ("mean", "std", "lower", "upper"):
                wanted = getattr(expected, part)
                wanted = wanted[:, 0] if prepared.info(one.field).times is None else wanted
                tolerance = PRECISION * (std.max() if part == "std" else np.abs(field).max())
                np.testing.assert_allclose(getattr(band, part), wanted, rtol=0, atol=tolerance)
