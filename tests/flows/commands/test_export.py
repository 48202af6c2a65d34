"""`fieldwright export`: what it writes of a registered version, and one sentence where it cannot."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from fieldwright.data.errors import FieldwrightError
from fieldwright.flows.cli import app
from fieldwright.surrogates.fields.description import FieldInfo
from fieldwright.surrogates.fields.quantities import Quantity, parsed_quantity

FIELDS = [
    FieldInfo(name="stress", unit="Pa", n_points=9),
    FieldInfo(name="U", unit="m", components=("x", "y"), n_points=9),
]


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
