"""The ONNX model in ONNX Runtime, against the surrogate that it was made of."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.fields.quantities import Quantity, default_quantities
from fieldwright.surrogates.portable.onnx_model import write_onnx
from fieldwright.surrogates.portable.portable_surrogate import STATISTICS, PortableSurrogate

QUERIES = 1000


@pytest.mark.parametrize("kind", ["gp", "pce", "mlp"])
def test_the_answers_are_those_of_the_surrogate(plate, tmp_path, kind):
    settings = {"hidden": (16,), "iterations": 20} if kind == "mlp" else {}
    surrogate = plate.train(kind, 24, folds=3, **settings)
    quantities = [one for info in surrogate.description.fields for one in default_quantities(info)]
    quantities += [
        Quantity("integral", "temperature"),
        Quantity("point", "velocity", "magnitude", (0.3, 0.8)),
    ]
    path = tmp_path / "plate.onnx"
    write_onnx(PortableSurrogate.of(surrogate, "7", quantities, whole_fields=True), path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    x = np.random.default_rng(4).uniform([0.3, 50.0], [2.2, 450.0], (QUERIES, 2))
    names = [output.name for output in session.get_outputs()]
    answers = dict(zip(names, session.run(None, {"parameters": x}), strict=True))
    true = surrogate.predict(x, quantities=quantities)
    np.testing.assert_array_equal(answers["inside"] > 0.5, true.inside)
    assert 0.2 < true.inside.mean() < 0.9
    np.testing.assert_allclose(answers["outside"], true.outside, rtol=1e-6, atol=1e-6)
    for name, band in (true.quantities | true.fields).items():
        for one in STATISTICS:
            expected = getattr(band, one)
            assert answers[f"{name}.{one}"].shape == expected.shape
            error = np.abs(answers[f"{name}.{one}"] - expected).max()
            assert error <= 1e-6 * np.abs(band.mean).max(), (name, one)


def test_units_ranges_and_version_stand_in_the_file(surrogate, tmp_path):
    path = tmp_path / "plate.onnx"
    write_onnx(PortableSurrogate.of(surrogate, "7"), path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    meta = session.get_modelmeta()
    info = surrogate.description.parameters[0]
    assert meta.version == 7
    assert meta.custom_metadata_map["version"] == "7"
    assert meta.custom_metadata_map["unit.max(velocity.x).upper"] == "m/s"
    assert meta.custom_metadata_map["parameter.k"] == (
        f"unit=W/(m K); minimum={info.minimum!r}; maximum={info.maximum!r}"
    )
    assert [(one.name, one.type) for one in session.get_inputs()] == [("parameters", "tensor(double)")]


def test_what_runtimes_have_not_in_double_precision_is_refused(plate, tmp_path):
    surrogate = plate.train("mlp", 20, folds=3, hidden=(16,), iterations=20, activation="gelu")
    with pytest.raises(ModelError, match="gelu"):
        write_onnx(PortableSurrogate.of(surrogate, "1"), tmp_path / "plate.onnx")
