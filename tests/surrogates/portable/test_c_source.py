"""The generated C, compiled as C99 with all warnings, against the surrogate that it was made of."""

from __future__ import annotations

import ctypes
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo
from fieldwright.surrogates.fields.per_field import PerField
from fieldwright.surrogates.fields.physics_hints import DerivedInput, FieldHint, PhysicsHints
from fieldwright.surrogates.fields.prediction import Prediction
from fieldwright.surrogates.fields.quantities import Quantity, default_quantities
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.portable.c_source import output_ranges, write_c
from fieldwright.surrogates.portable.portable_surrogate import STATISTICS, PortableSurrogate
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regression.radial_kernels import KERNEL_NAMES
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.regressors.rbf import RBF
from fieldwright.surrogates.validation.cross_validation import cross_validate
from fieldwright.surrogates.validation.joined import joined_validation

QUERIES = 1000
STRICT = ["-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fPIC", "-shared"]


def quantities_of(surrogate: Surrogate) -> list[Quantity]:
    """All defaults, and a place and an integral of every component."""
    found = []
    for info in surrogate.description.fields:
        found += default_quantities(info)
        for name in info.components if len(info.components) > 1 else [None]:
            found += [Quantity("integral", info.name, name), Quantity("point", info.name, name, (0.31, 0.77))]
        if len(info.components) > 1:
            found.append(Quantity("point", info.name, "magnitude", (0.31, 0.77)))
    return found


def queries_of(surrogate: Surrogate) -> np.ndarray:
    """Most of them among the runs, others beyond their ranges."""
    infos = surrogate.description.parameters
    low, high = (np.array([getattr(info, end) for info in infos]) for end in ("minimum", "maximum"))
    wide = 0.25 * (high - low)
    x = np.random.default_rng(5).uniform(low - wide, high + wide, (QUERIES, len(infos)))
    x = np.where(low > 0.0, np.maximum(x, 0.05 * low), x)
    x[: len(surrogate.domain.runs)] = surrogate.domain.runs
    return x


def compiled(portable: PortableSurrogate, folder: Path, x: np.ndarray) -> dict[str, np.ndarray]:
    """The outputs (q, ...) by name at queries x (q, p), by the compiled C."""
    header, source = write_c(portable, folder)
    library = folder / "model.so"
    subprocess.run(["gcc", *STRICT, str(source), "-lm", "-o", str(library)], check=True)
    defined = [line.split()[1:3] for line in header.read_text().splitlines() if line.startswith("#define ")]
    sizes = dict(pair for pair in defined if len(pair) == 2)
    numbers, positions = int(sizes["PLATE_NUMBERS"]), int(sizes["PLATE_POSITIONS"])
    evaluate = ctypes.CDLL(str(library)).plate_evaluate
    work = ctypes.create_string_buffer(8 * numbers + 4 * positions + 8)
    answers = np.empty((len(x), int(sizes["PLATE_OUTPUTS"])))
    for query, answer in zip(x, answers, strict=True):
        evaluate(ctypes.c_void_p(query.ctypes.data), ctypes.c_void_p(answer.ctypes.data), work)
    return {
        output.name: answers[:, places].reshape(len(x), *output.node.shape)
        for output, places in zip(portable.outputs, output_ranges(portable), strict=True)
    }


def assert_same(
    answers: dict[str, np.ndarray], true: Prediction, tolerance: float, of_band=0.0, of_outside=1e-9
) -> None:
    """Every number within the tolerance of the largest value; of a band, also within a share of its width."""
    np.testing.assert_array_equal(answers["inside"] > 0.5, true.inside)
    outside_tolerance = max(of_outside, of_band * 1e-3)
    np.testing.assert_allclose(answers["outside"], true.outside, rtol=1e-9, atol=outside_tolerance)
    for name, band in (true.quantities | true.fields).items():
        width = band.upper - band.lower
        for one in STATISTICS:
            error = np.abs(answers[f"{name}.{one}"] - getattr(band, one))
            allowed = tolerance * np.abs(band.mean).max() + (of_band * width if one != "mean" else 0.0)
            assert (error <= allowed).all(), (name, one, (error - allowed).max())


def rounding_of_radial_functions(surrogate: Surrogate) -> float:
    """How far rounding may move the std of `rbf`, in shares of the spread of the runs.

    Flat kernels have weights w that cancel: each sum over the runs is uncertain by epsilon * sum |w_i| |phi_i|, where
    phi is of the order of 1. Its way beyond the values of the runs is part of the std.
    """
    largest = 0.0
    for branch in surrogate.emulator.branches:
        assert isinstance(branch.regressor, RBF)
        sums, first = np.abs(branch.regressor.basis_.weights).sum(axis=0), 0
        for name in branch.fields:
            shares = surrogate.emulator.fields[name].shares
            moved = np.linalg.norm(shares * sums[first : first + len(shares)])
            largest, first = max(largest, float(moved)), first + len(shares)
    # Both programs round, the distances and the exponentials as well as the sums.
    return 4.0 * np.finfo(float).eps * largest


SLOW = [pytest.param(kind, marks=pytest.mark.slow) for kind in ("rbf", "pce", "linear")]


@pytest.mark.parametrize("kind", ["gp", "bayes", "mlp", *SLOW])
def test_every_kind_gives_the_same_answers(plate, tmp_path, kind):
    settings = {"mlp": {"hidden": (16, 8), "iterations": 20, "activation": "gelu"}}.get(kind, {})
    surrogate = plate.train(kind, 24, folds=3, **settings)
    quantities, x = quantities_of(surrogate), queries_of(surrogate)
    answers = compiled(PortableSurrogate.of(surrogate, "7", quantities, whole_fields=True), tmp_path, x)
    true = surrogate.predict(x, quantities=quantities)
    assert 0.2 < true.inside.mean() < 0.9
    # The variance of a Gaussian process is a small difference of large numbers, whose root the rounding of the
    # surrogate itself changes by 1e-3 where it is least.
    assert_same(answers, true, 1e-9, of_band=1e-3 if kind == "gp" else 0.0)


def test_fields_that_different_candidates_learn_give_the_same_answers(plate, tmp_path):
    configs = {"temperature": kind_config({"kind": "rbf"}), "velocity": kind_config({"kind": "linear"})}
    config = PerField(labels={"temperature": "rbf", "velocity": "linear"}, fields=configs)
    held_out = joined_validation({name: plate.held_out(one, 24, folds=3) for name, one in configs.items()})
    x = plate.parameters(24, 0)
    surrogate = plate.train_on(config, x, plate.fields(x), held_out)
    queries = queries_of(surrogate)[:200]
    answers = compiled(PortableSurrogate.of(surrogate, "7", whole_fields=True), tmp_path, queries)
    quantities = [one for info in surrogate.description.fields for one in default_quantities(info)]
    assert_same(answers, surrogate.predict(queries, quantities=quantities), 1e-9)


def test_a_scalar_is_an_output_once(plate, tmp_path):
    x = plate.parameters(20, 0)
    targets = plate.fields(x)
    first = next(iter(targets))
    number = targets[first].reshape(len(x), -1)[:, :1, None]
    config, reductions = kind_config({"kind": "linear"}), {"number": reduction_config({"kind": "svd"})}
    surrogate = Surrogate.train(
        config,
        reductions,
        x,
        {"number": number},
        parameters=[ParameterInfo(name=f"p{k}") for k in range(x.shape[1])],
        fields=[FieldInfo(name="number", on="run", n_points=1)],
        points={"number": np.zeros((1, 3))},
        cross_validation=cross_validate(config, reductions, x, {"number": number}, folds=4, seed=0),
        seed=0,
        name="plate",
    )
    portable = PortableSurrogate.of(surrogate, "1", whole_fields=True)
    names = [output.name for output in portable.outputs]
    assert names == ["inside", "outside", *(f"number.{one}" for one in STATISTICS)]
    answers = compiled(portable, tmp_path, x)
    true = surrogate.predict(x, quantities=default_quantities(surrogate.info("number")))
    assert_same(answers, replace(true, fields={}), 1e-9)


@pytest.mark.parametrize("kernel", KERNEL_NAMES)
def test_every_radial_kernel_gives_the_same_answers(plate, tmp_path, kernel):
    surrogate = plate.train("rbf", 24, folds=2, kernel=kernel)
    x = queries_of(surrogate)[:100]
    quantities = [
        Quantity("point", info.name, None, (0.31, 0.77)) for info in surrogate.description.fields[:1]
    ]
    answers = compiled(PortableSurrogate.of(surrogate, "7", quantities, whole_fields=False), tmp_path, x)
    true = surrogate.predict(x, quantities=quantities)
    of_outside = max(1e-9, rounding_of_radial_functions(surrogate))
    assert_same(answers, replace(true, fields={}), 1e-8, of_outside=of_outside)


@pytest.fixture(scope="module")
def scaled() -> Surrogate:
    """Fields learned as a logarithm, divided by powers of the parameters and within bounds; derived inputs."""
    rng = np.random.default_rng(3)
    x = np.exp(rng.uniform(np.log([1.0, 2.0, 0.1]), np.log([100.0, 50.0, 1.0]), (40, 3)))
    load, modulus, width = x.T[:, :, None]
    places = np.linspace(0.1, 1.0, 9)
    bending = load / modulus * (places + 0.3 * places**2)
    targets = {
        "decay": np.exp(-3.0 * places / width - 0.02 * load)[..., None],
        "bending": np.stack([bending, 0.4 * bending * places, 0.1 * bending], axis=-1),
        "share": np.clip(np.tanh(places * load / modulus + width - 0.5), 0.0, 0.9)[..., None],
    }
    names = ("load", "modulus", "width")
    fields = {"share": FieldHint(scale_by={}, minimum=0.0, maximum=0.9), "decay": FieldHint(scale_by={})}
    derived = {"slope": DerivedInput("load / modulus ** 2", scale="log")}
    config = kind_config({"kind": "bayes", "hints": PhysicsHints(names, derived, fields)})
    reductions = {name: reduction_config({"kind": "svd"}) for name in targets}
    return Surrogate.train(
        config,
        reductions,
        x,
        targets,
        parameters=[ParameterInfo(name=name) for name in names],
        fields=[
            FieldInfo(name="decay", n_points=9),
            FieldInfo(name="bending", components=("x", "y", "z"), n_points=9),
            FieldInfo(name="share", n_points=9),
        ],
        points=dict.fromkeys(targets, np.stack([places, 0.0 * places, 0.0 * places], axis=1)),
        cells={"line": np.stack([np.arange(8), np.arange(1, 9)], axis=1)},
        cross_validation=cross_validate(config, reductions, x, targets, folds=3, seed=0),
        seed=0,
        name="plate",
    )


def test_logarithms_powers_bounds_and_derived_inputs_are_exported(scaled, tmp_path):
    models = scaled.emulator.fields
    assert models["decay"].logarithmic
    assert models["bending"].scaling.powers.any()
    assert models["share"].scaling.bounded
    assert {len(branch.scaler.mean) for branch in scaled.emulator.branches} == {4}
    quantities = [one for info in scaled.description.fields for one in default_quantities(info)]
    quantities += [Quantity("point", "decay", at=(0.55,)), Quantity("integral", "bending", "magnitude")]
    x = queries_of(scaled)
    answers = compiled(PortableSurrogate.of(scaled, "1", quantities, whole_fields=True), tmp_path, x)
    assert_same(answers, scaled.predict(x, quantities=quantities), 1e-9)


def test_what_cannot_be_exported_is_refused_in_one_sentence(plate):
    surrogate = plate.train("linear", 24, folds=3, transient="trajectory")
    forecast = replace(surrogate, description=surrogate.description.model_copy(update={"history": 2}))
    settings = surrogate.description.settings | {"candidate": {"kind": "lstm"}}
    rolled = replace(surrogate, description=surrogate.description.model_copy(update={"settings": settings}))
    for other, words in (
        (forecast, "forecast"),
        (rolled, "one of the kinds bayes, gp, linear, mlp, pce, rbf"),
    ):
        with pytest.raises(ModelError, match=words):
            PortableSurrogate.of(other, "1")
