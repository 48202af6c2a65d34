"""The arithmetic as a Functional Mock-up Unit of FMI 2.0 or 3.0: compiled, with its sources, without Python."""

from __future__ import annotations

import platform
import shutil
import subprocess
import tempfile
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.portable.c_source import c_name, output_ranges, write_c
from fieldwright.surrogates.portable.portable_surrogate import PortableSurrogate

Version = Literal[2, 3]
BINARIES = {2: {"x86_64": "linux64"}, 3: {"x86_64": "x86_64-linux", "aarch64": "aarch64-linux"}}
"""The folder of the compiled library by version of FMI and machine."""
COMPILER = ("gcc", "-std=c99", "-O2", "-fPIC", "-shared", "-fvisibility=hidden")
NAMESPACE = uuid.UUID("3f0c2d35-6f0f-5f0b-9f67-6a1f3f0b7c11")
EPOCH = (1980, 1, 1, 0, 0, 0)
"""Of all files, so that one version gives one FMU, byte by byte."""


@dataclass(frozen=True)
class FmuVariable:
    """An output as FMI has it: its place among all values, and how many; axes: () of a single number."""

    name: str
    unit: str
    meaning: str
    first: int
    axes: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.axes, dtype=np.int64))


def write_fmu(surrogate: PortableSurrogate, path: Path, version: Version = 2) -> None:
    """Writes the FMU; raises ModelError without gcc, or on a machine for which FMI names no folder."""
    machine = platform.machine()
    if platform.system() != "Linux" or machine not in BINARIES[version]:
        raise ModelError(
            f"An FMU of FMI {version} must be compiled on Linux on {' or '.join(BINARIES[version])}",
            f"{platform.system()} on {machine}",
            "Export C, and compile it where it is used",
        )
    if shutil.which(COMPILER[0]) is None:
        raise ModelError("An FMU must be compiled by gcc", "no gcc", "Install it, or export C instead")
    name = c_name(surrogate.description.name)
    variables = list(fmi_variables(surrogate, version))
    with tempfile.TemporaryDirectory(prefix="fieldwright-fmu-") as folder:
        root = Path(folder)
        sources, binaries = root / "sources", root / "binaries" / BINARIES[version][machine]
        sources.mkdir()
        binaries.mkdir(parents=True)
        write_c(surrogate, sources)
        token = f"{{{uuid.uuid5(NAMESPACE, (sources / f'{name}.c').read_text(encoding='utf-8'))}}}"
        (sources / "model.h").write_text(_model_header(surrogate, variables, token), encoding="utf-8")
        common = files("fieldwright.surrogates.portable.fmi")
        for file in ("instance.h", f"fmi{version}.c"):
            (sources / file).write_bytes((common / file).read_bytes())
        units = [f"{name}.c", f"fmi{version}.c"]
        _compile([sources / unit for unit in units], binaries / f"{name}.so")
        describe = _description_2 if version == 2 else _description_3
        _write_xml(describe(surrogate, variables, token, units), root / "modelDescription.xml")
        if version == 3:
            _write_xml(_build_description(name, units), sources / "buildDescription.xml")
        _pack(root, path)


def fmi_variables(surrogate: PortableSurrogate, version: Version) -> Iterator[FmuVariable]:
    """The outputs in the order of their references; FMI 2 has no arrays, so each time is a variable of its own."""
    for output, places in zip(surrogate.outputs, output_ranges(surrogate), strict=True):
        axes = output.node.shape
        if version == 3 or not axes:
            yield FmuVariable(output.name, output.unit, output.meaning, places.start, axes)
            continue
        if len(axes) > 1 or output.times is None:
            raise ModelError(
                "An FMU of FMI 2 must have single numbers as outputs",
                f"the whole field '{output.name}'",
                "Give --fmi 3, or leave out --fields",
            )
        for k, time in enumerate(output.times):
            meaning = f"{output.meaning}, at the time {time!r}"
            yield FmuVariable(f"{output.name}[{k}]", output.unit, meaning, places.start + k, ())


def _model_header(surrogate: PortableSurrogate, variables: list[FmuVariable], token: str) -> str:
    name = c_name(surrogate.description.name)
    start = ", ".join(repr(value) for value in _start(surrogate))
    return "\n".join(
        [
            f'#include "{name}.h"',
            f'#define MODEL_TOKEN "{token}"',
            f"#define MODEL_PARAMETERS {name.upper()}_PARAMETERS",
            f"#define MODEL_OUTPUTS {name.upper()}_OUTPUTS",
            f"#define MODEL_EVALUATE {name}_evaluate",
            f"#define MODEL_WORK {name}_work",
            f"#define MODEL_VARIABLES {len(variables)}",
            f"static const double model_start[MODEL_PARAMETERS] = {{{start}}};",
            f"static const int model_first[] = {{{', '.join(str(one.first) for one in variables)}}};",
            f"static const int model_size[] = {{{', '.join(str(one.size) for one in variables)}}};",
            "",
        ]
    )


def _start(surrogate: PortableSurrogate) -> list[float]:
    """The middle of each parameter's range."""
    return [0.5 * (info.minimum + info.maximum) for info in surrogate.description.parameters]


def _compile(sources: list[Path], library: Path) -> None:
    command = [*COMPILER, *map(str, sources), "-lm", "-o", str(library)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ModelError(
            "gcc must compile the FMU", done.stderr.strip()[:500], "Mend the compiler, or export C"
        )


def _about(surrogate: PortableSurrogate, version: str) -> dict[str, str]:
    description = surrogate.description
    return {
        "fmiVersion": version,
        "modelName": description.name,
        "description": (
            f"Surrogate of {description.n_runs} runs; the bands cover a new run with the probability "
            f"{description.coverage!r}"
        ),
        "version": surrogate.version,
        "generationTool": "Fieldwright",
        "variableNamingConvention": "flat",
    }


def _units(surrogate: PortableSurrogate, variables: list[FmuVariable]) -> ElementTree.Element:
    units = ElementTree.Element("UnitDefinitions")
    names = [info.unit for info in surrogate.description.parameters] + [one.unit for one in variables]
    for name in dict.fromkeys(filter(None, names)):
        ElementTree.SubElement(units, "Unit", name=name)
    return units


def _numbers(surrogate: PortableSurrogate) -> Iterator[tuple[str, dict[str, str]]]:
    """Name, and unit, start, least and largest value of each parameter."""
    for info, start in zip(surrogate.description.parameters, _start(surrogate), strict=True):
        numbers = {"start": repr(start), "min": repr(info.minimum), "max": repr(info.maximum)}
        yield info.name, ({"unit": info.unit} if info.unit else {}) | numbers


def _description_2(
    surrogate: PortableSurrogate, variables: list[FmuVariable], token: str, units: list[str]
) -> ElementTree.Element:
    name = c_name(surrogate.description.name)
    root = ElementTree.Element("fmiModelDescription", _about(surrogate, "2.0") | {"guid": token})
    for kind in ("ModelExchange", "CoSimulation"):
        more = {"canHandleVariableCommunicationStepSize": "true"} if kind == "CoSimulation" else {}
        element = ElementTree.SubElement(root, kind, {"modelIdentifier": name} | more)
        listed = ElementTree.SubElement(element, "SourceFiles")
        for unit in units:
            ElementTree.SubElement(listed, "File", name=unit)
    root.append(_units(surrogate, variables))
    ElementTree.SubElement(root, "DefaultExperiment", startTime="0.0", stopTime="1.0", stepSize="1.0")
    table = ElementTree.SubElement(root, "ModelVariables")
    structure = ElementTree.SubElement(root, "ModelStructure")
    outputs, initial = (ElementTree.SubElement(structure, tag) for tag in ("Outputs", "InitialUnknowns"))
    for reference, (label, numbers) in enumerate(_numbers(surrogate)):
        about = {"name": label, "valueReference": str(reference)}
        variable = ElementTree.SubElement(
            table, "ScalarVariable", about | {"causality": "input", "variability": "continuous"}
        )
        ElementTree.SubElement(variable, "Real", numbers)
    first = len(surrogate.description.parameters)
    for reference, one in enumerate(variables, start=first):
        about = {"name": one.name, "valueReference": str(reference), "description": one.meaning}
        discrete = reference == first
        about |= {"causality": "output", "variability": "discrete" if discrete else "continuous"}
        variable = ElementTree.SubElement(table, "ScalarVariable", about)
        unit = {"unit": one.unit} if one.unit and not discrete else {}
        ElementTree.SubElement(variable, "Boolean" if discrete else "Real", unit)
        for listed in (outputs, initial):
            ElementTree.SubElement(listed, "Unknown", index=str(reference + 1))
    return root


def _description_3(
    surrogate: PortableSurrogate, variables: list[FmuVariable], token: str, units: list[str]
) -> ElementTree.Element:
    name = c_name(surrogate.description.name)
    root = ElementTree.Element(
        "fmiModelDescription", _about(surrogate, "3.0") | {"instantiationToken": token}
    )
    ElementTree.SubElement(root, "ModelExchange", modelIdentifier=name)
    ElementTree.SubElement(
        root, "CoSimulation", modelIdentifier=name, canHandleVariableCommunicationStepSize="true"
    )
    root.append(_units(surrogate, variables))
    ElementTree.SubElement(root, "DefaultExperiment", startTime="0.0", stopTime="1.0", stepSize="1.0")
    table = ElementTree.SubElement(root, "ModelVariables")
    structure = ElementTree.SubElement(root, "ModelStructure")
    for reference, (label, numbers) in enumerate(_numbers(surrogate)):
        about = {"name": label, "valueReference": str(reference), "causality": "input"}
        ElementTree.SubElement(table, "Float64", about | {"variability": "continuous"} | numbers)
    first = len(surrogate.description.parameters)
    for reference, one in enumerate(variables, start=first):
        about = {"name": one.name, "valueReference": str(reference), "description": one.meaning}
        discrete = reference == first
        about |= {"causality": "output", "variability": "discrete" if discrete else "continuous"}
        about |= {"unit": one.unit} if one.unit and not discrete else {}
        variable = ElementTree.SubElement(table, "Boolean" if discrete else "Float64", about)
        for size in one.axes:
            ElementTree.SubElement(variable, "Dimension", start=str(size))
        ElementTree.SubElement(structure, "Output", valueReference=str(reference))
    for reference in range(first, first + len(variables)):
        ElementTree.SubElement(structure, "InitialUnknown", valueReference=str(reference))
    time = {"name": "time", "valueReference": str(first + len(variables)), "causality": "independent"}
    ElementTree.SubElement(table, "Float64", time | {"variability": "continuous"})
    return root


def _build_description(name: str, units: list[str]) -> ElementTree.Element:
    root = ElementTree.Element("fmiBuildDescription", fmiVersion="3.0")
    build = ElementTree.SubElement(root, "BuildConfiguration", modelIdentifier=name)
    listed = ElementTree.SubElement(build, "SourceFileSet", language="C99")
    for unit in units:
        ElementTree.SubElement(listed, "SourceFile", name=unit)
    ElementTree.SubElement(build, "Library", name="m")
    return root


def _write_xml(root: ElementTree.Element, path: Path) -> None:
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, encoding="UTF-8", xml_declaration=True)


def _pack(root: Path, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(one for one in root.rglob("*") if one.is_file()):
            entry = zipfile.ZipInfo(str(file.relative_to(root)), EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if file.suffix == ".so" else 0o644) << 16
            archive.writestr(entry, file.read_bytes())
