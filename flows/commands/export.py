"""A registered version of a study's model, taken elsewhere: as C, ONNX, an FMU or a bento."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console

from fieldwright.data.errors import ModelError
from fieldwright.flows.commands.selected_version import selected_version
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.surrogates.families import load_model
from fieldwright.surrogates.fields.quantities import parsed_quantity
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.portable.c_source import c_name, write_c
from fieldwright.surrogates.portable.fmu import write_fmu
from fieldwright.surrogates.portable.onnx_model import write_onnx
from fieldwright.surrogates.portable.portable_surrogate import PortableSurrogate

Form = Literal["c", "onnx", "fmu", "bento"]


@dataclass(frozen=True)
class ExportOptions:
    """What is exported: its form, quantities by label (the defaults if there are none), and whether whole fields."""

    form: Form
    fmi: Literal[2, 3] = 2
    quantities: tuple[str, ...] = ()
    fields: bool = False


def export_version(
    study: StudyFile, version: str | None, options: ExportOptions, out: Path, console: Console
) -> list[Path]:
    """Writes a version, the champion if None, into a folder, and returns what was written; raises ModelError."""
    tracking = Tracking.of(study)
    selected = selected_version(tracking, version, "exported")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fieldwright-export-") as folder:
        artifact = tracking.registry.download(selected, Path(folder))
        if options.form == "bento":
            written = [_write_bento(artifact, study.name, selected.version, out)]
        else:
            written = write_portable(artifact, selected.version, options, out)
    for path in written:
        console.print(f"Wrote {path}", markup=False, soft_wrap=True)
    return written


def write_portable(artifact: Path, version: str, options: ExportOptions, out: Path) -> list[Path]:
    """Writes the arithmetic of the model in an artifact; raises ModelError where it cannot be exported."""
    surrogate = load_model(artifact)
    if not isinstance(surrogate, Surrogate):
        raise ModelError(
            f"A model to be exported as {options.form} must take parameters to fields",
            "a model of shapes, photos or an equation",
            "Export it by --to bento",
        )
    infos = surrogate.description.fields
    quantities = [parsed_quantity(label, infos) for label in options.quantities]
    portable = PortableSurrogate.of(surrogate, version, quantities, options.fields)
    name = c_name(surrogate.description.name)
    if options.form == "c":
        return list(write_c(portable, out))
    if options.form == "onnx":
        write_onnx(portable, out / f"{name}.onnx")
        return [out / f"{name}.onnx"]
    write_fmu(portable, out / f"{name}.fmu", options.fmi)
    return [out / f"{name}.fmu"]


def _write_bento(artifact: Path, name: str, version: str, out: Path) -> Path:
    """Builds the bento in a process of its own: pipeline and serving meet only in the registry."""
    command: Sequence[str] = (
        *(sys.executable, "-m", "fieldwright.serving.hosting.bento_build"),
        *("--artifact", str(artifact), "--model", name, "--version", version, "--out", str(out)),
    )
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no further words"]
        raise ModelError("BentoML must build the bento", lines[-1], "Mend what it says")
    return Path(done.stdout.strip().splitlines()[-1])
