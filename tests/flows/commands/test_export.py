"""`fieldwright export`: what it writes of a registered version, and one sentence where it cannot."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from fieldwright.data.errors import FieldwrightError
from fieldwright.flows.cli import app
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo
from fieldwright.surrogates.fields.quantities import Quantity, parsed_quantity
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.validation.cross_validation import cross_validate

FIELDS = [
    FieldInfo(name="stress", unit="Pa", n_points=9),
    FieldInfo(name="U", unit="m", components=("x", "y"), n_points=9),
]


def trained(offset: float) -> Surrogate:
    x = np.random.default_rng(1).uniform([1.0, 5.0], [3.0, 9.0], (16, 2))
    side = np.linspace(0.0, 1.0, 3)
    points = np.stack([*(axis.ravel() for axis in np.meshgrid(side, side)), np.zeros(9)], axis=1)
    stress = offset + x[:, :1] * (1.0 + points[:, 0] * points[:, 1])
    bending = x[:, :1] / x[:, 1:] * points[:, 0]
    targets = {"stress": stress[..., None], "U": np.stack([bending, -0.3 * bending], axis=-1)}
    config = kind_config({"kind": "bayes", "degree": 2})
    reductions = {name: reduction_config({"kind": "svd", "rank": 1}) for name in targets}
    return Surrogate.train(
        config,
        reductions,
        x,
        targets,
        parameters=[ParameterInfo(name="load", unit="N"), ParameterInfo(name="modulus", unit="Pa")],
        fields=FIELDS,
        points=dict.fromkeys(targets, points),
        cross_validation=cross_validate(config, reductions, x, targets, folds=4, seed=0),
        seed=0,
        name="beam",
    )


@pytest.fixture
def study(make_study, tmp_path):
    """A study with two registered versions, of which the first is the champion."""
    path = make_study(1)
    tracking = Tracking(Study.load(path).tracking.uri, "beam")
    versions = []
    for number, offset in enumerate((0.0, 100.0)):
        folder = tmp_path / f"artifact_{number}"
        trained(offset).save(folder)
        with tracking.run("model") as run:
            versions.append(tracking.registry.register(folder, run.id, {}, None))
    tracking.registry.promote(versions[0])
    return path


def command(*arguments: str) -> None:
    app([*arguments], exit_on_error=False, print_error=False, result_action="return_value")


def test_the_champion_or_a_version_is_written(study, tmp_path):
    out = tmp_path / "out"
    for version in ((), ("--version", "2")):
        command("export", str(study), "--to", "onnx", "--out", str(out), *version)
        session = onnxruntime.InferenceSession(str(out / "beam.onnx"), providers=["CPUExecutionProvider"])
        (mean,) = session.run(["max(stress).mean"], {"parameters": np.array([[2.0, 7.0]])})
        assert mean[0] == pytest.approx(104.0 if version else 4.0, rel=1e-3)
        assert session.get_modelmeta().version == (2 if version else 1)


def test_named_quantities_and_fields_alone_are_written_beside_the_study(study):
    command("export", str(study), "--to", "c", "--quantities", "point(U.magnitude, 0.5, 1)", "--fields")
    header = (study.parent / "export" / "beam.h").read_text()
    assert "#define BEAM_point_U_magnitude_0_5_1_mean 38  /* [m]" in header
    assert "#define BEAM_U_upper" in header
    assert "max_stress" not in header
    assert (study.parent / "export" / "beam.c").exists()


def test_a_mistake_is_one_sentence(study):
    for arguments, words in (
        (("--version", "9"), "must have the version that is named"),
        (("--quantities", "largest(stress)"), "max, min, mean, integral or point"),
        (("--quantities", "max(strain)"), "must be one of U, stress"),
        (("--quantities", "integral(stress)"), "must have the areas or volumes"),
    ):
        with pytest.raises(FieldwrightError, match=words):
            command("export", str(study), "--to", "c", *arguments)


def test_without_a_champion_there_is_nothing_to_export(make_study):
    with pytest.raises(FieldwrightError, match="must have a champion"):
        command("export", str(make_study(1)), "--to", "c")


@pytest.mark.parametrize(
    "quantity",
    [
        Quantity("max", "stress"),
        Quantity("mean", "U", "x"),
        Quantity("point", "U", "magnitude", (0.5, -1.25)),
    ],
)
def test_a_label_is_read_as_it_is_written(quantity):
    assert parsed_quantity(quantity.label, FIELDS) == quantity
