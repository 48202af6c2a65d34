"""FMUs of FMI 2 and 3 in FMPy, another's importer, against the surrogate that they were made of."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from fmpy import extract, read_model_description, simulate_fmu
from fmpy.fmi2 import FMU2Slave
from fmpy.fmi3 import FMU3Slave
from fmpy.validation import validate_fmu

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.fields.quantities import Quantity, default_quantities
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.portable.fmu import write_fmu
from fieldwright.surrogates.portable.portable_surrogate import STATISTICS, PortableSurrogate

QUERIES = 200


@pytest.fixture(scope="module")
def fmus(surrogate: Surrogate, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    folder = tmp_path_factory.mktemp("fmus")
    portable = PortableSurrogate.of(surrogate, "7")
    paths = {2: folder / "plate2.fmu", 3: folder / "plate3.fmu"}
    write_fmu(portable, paths[2], 2)
    write_fmu(portable, paths[3], 3)
    return paths


def queries() -> np.ndarray:
    """Among the runs and beyond them."""
    return np.random.default_rng(2).uniform([0.3, 50.0], [2.2, 450.0], (QUERIES, 2))


@dataclass
class Slave:
    """A co-simulation slave of either version."""

    path: Path
    version: int
    folder: str

    def __enter__(self) -> Slave:
        model = read_model_description(str(self.path))
        self.references = {one.name: one.valueReference for one in model.modelVariables}
        kind = FMU2Slave if self.version == 2 else FMU3Slave
        unzipped = extract(str(self.path), self.folder)
        self.slave = kind(
            guid=model.guid, modelIdentifier="plate", instanceName="one", unzipDirectory=unzipped
        )
        self.slave.instantiate()
        self.slave.enterInitializationMode()
        self.slave.exitInitializationMode()
        return self

    def __exit__(self, *_: object) -> None:
        self.slave.terminate()
        self.slave.freeInstance()

    def answers(self, query: np.ndarray, names: list[str], sizes: int) -> tuple[np.ndarray, bool]:
        """The numbers of the outputs of these names, and whether the query is inside."""
        inputs, outputs = ([self.references[one] for one in part] for part in (["k", "q"], names))
        if self.version == 2:
            self.slave.setReal(inputs, query.tolist())
            numbers = self.slave.getReal(outputs)
        else:
            self.slave.setFloat64(inputs, query.tolist())
            numbers = self.slave.getFloat64(outputs, nValues=sizes)
        self.slave.doStep(0.0, 1.0)
        return np.array(numbers), bool(self.slave.getBoolean([self.references["inside"]])[0])


@pytest.mark.parametrize("version", [2, 3])
def test_every_output_is_that_of_the_surrogate(surrogate, fmus, tmp_path, version):
    assert validate_fmu(str(fmus[version])) == []
    quantities = [one for info in surrogate.description.fields for one in default_quantities(info)]
    x = queries()
    true = surrogate.predict(x, fields=(), quantities=quantities)
    names, columns = [], []
    for label, band in true.quantities.items():
        for one in STATISTICS:
            column = getattr(band, one).reshape(QUERIES, -1)
            columns.append(column)
            several = version == 2 and column.shape[1] > 1
            names += [f"{label}.{one}[{k}]" for k in range(3)] if several else [f"{label}.{one}"]
    expected = np.hstack(columns)
    with Slave(fmus[version], version, str(tmp_path)) as slave:
        answers = [slave.answers(query, names, expected.shape[1]) for query in x]
    np.testing.assert_array_equal([inside for _, inside in answers], true.inside)
    assert 0.2 < true.inside.mean() < 0.9
    np.testing.assert_allclose([numbers for numbers, _ in answers], expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", ["CoSimulation", "ModelExchange"])
@pytest.mark.parametrize("version", [2, 3])
def test_both_interfaces_are_simulated(surrogate, fmus, version, kind):
    x = queries()[:1]
    start = {"k": x[0, 0], "q": x[0, 1]}
    outputs = ["max(temperature).upper", "outside"]
    result = simulate_fmu(
        str(fmus[version]), fmi_type=kind, start_values=start, output=outputs, stop_time=1.0
    )
    quantity = Quantity("max", "temperature")
    true = surrogate.predict(x, fields=(), quantities=[quantity])
    np.testing.assert_allclose(result["max(temperature).upper"], true.quantities[quantity.label].upper[0])
    np.testing.assert_allclose(result["outside"], true.outside[0])


def test_the_parameters_have_units_and_ranges_and_the_sources_are_there(surrogate, fmus):
    with zipfile.ZipFile(fmus[2]) as archive:
        names = set(archive.namelist())
        root = ElementTree.fromstring(archive.read("modelDescription.xml"))
    assert {f"sources/{name}" for name in ("plate.c", "plate.h", "model.h", "instance.h", "fmi2.c")} <= names
    assert root.attrib["version"] == "7"
    variables = {one.attrib["name"]: one for one in root.iter("ScalarVariable")}
    info = surrogate.description.parameters[0]
    number = variables["k"].find("Real")
    assert variables["k"].attrib["causality"] == "input"
    assert number is not None
    middle = 0.5 * (info.minimum + info.maximum)
    assert number.attrib == {
        "unit": "W/(m K)",
        "start": repr(middle),
        "min": repr(info.minimum),
        "max": repr(info.maximum),
    }
    assert variables["max(velocity.x).mean[2]"].attrib["description"].endswith("at the time 1.0")


@pytest.mark.slow
def test_one_version_gives_one_fmu(surrogate, fmus, tmp_path):
    again = tmp_path / "again.fmu"
    write_fmu(PortableSurrogate.of(surrogate, "7"), again, 2)
    assert again.read_bytes() == fmus[2].read_bytes()


def test_whole_fields_are_arrays_which_fmi_2_has_not(surrogate, tmp_path):
    portable = PortableSurrogate.of(surrogate, "7", whole_fields=True)
    with pytest.raises(ModelError, match="--fmi 3"):
        write_fmu(portable, tmp_path / "plate.fmu", 2)
