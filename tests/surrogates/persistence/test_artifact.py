from __future__ import annotations

import hashlib
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.fields.per_field import PER_FIELD, PerField
from fieldwright.surrogates.fields.quantities import Quantity
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.persistence import artifact
from fieldwright.surrogates.persistence.artifact import read_artifact, write_artifact
from fieldwright.surrogates.regressors import kind_config, load_kinds
from fieldwright.surrogates.validation.cross_validation import cross_validate
from fieldwright.surrogates.validation.joined import joined_validation


def answers(surrogate: Surrogate, x: np.ndarray) -> dict[str, np.ndarray]:
    """Everything that a surrogate answers at x, by name."""
    asked = [
        Quantity("max", "velocity", "x"),
        Quantity("point", "velocity", "magnitude", (0.33, 0.71)),
    ]
    answer = surrogate.predict(x, quantities=asked)
    flat = {"inside": answer.inside}
    for name, band in {**answer.fields, **answer.quantities}.items():
        flat |= {f"{name} {part}": getattr(band, part) for part in ("mean", "std", "lower", "upper")}
    return flat


ANOTHER_PROCESS = f"""
import sys
from pathlib import Path
import numpy as np
from fieldwright.surrogates.fields.quantities import Quantity
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.validation.cross_validation import cross_validate
{inspect.getsource(answers)}
for model in sys.argv[2:]:
    x = np.load(sys.argv[1], allow_pickle=False)
    np.savez(model + ".npz", **answers(Surrogate.load(Path(model)), x))
"""


def train(plate, kind: str) -> Surrogate:
    """Kinds that roll out learn the transient field alone."""
    config = kind_config({"kind": kind})
    if config.transient != "rollout":
        return plate.train(kind, n=12, folds=2)
    x = plate.parameters(12, 0)
    targets = {"velocity": plate.fields(x)["velocity"]}
    reductions = {"velocity": plate.reductions["velocity"]}
    held_out = cross_validate(config, reductions, x, targets, folds=2, seed=0)
    return plate.train_on(config, x, targets, held_out)


def train_per_field(plate) -> Surrogate:
    """The transient field time by time, the steady one by another kind."""
    configs = {
        "temperature": kind_config({"kind": "linear"}),
        "velocity": kind_config({"kind": "rbf", "transient": "parameter"}),
    }
    config = PerField(labels={"temperature": "linear", "velocity": "rbf"}, fields=configs)
    x = plate.parameters(12, 0)
    targets = plate.fields(x)
    held_out = {
        name: cross_validate(
            one, {name: plate.reductions[name]}, x, {name: targets[name]}, folds=2, seed=0, weights=weights
        )
        for (name, one), weights in zip(
            configs.items(), ({key: plate.weights[key]} for key in configs), strict=True
        )
    }
    return plate.train_on(config, x, targets, joined_validation(held_out))


@pytest.mark.slow
def test_another_process_answers_the_same_bits_for_every_kind(plate, tmp_path):
    x = plate.parameters(5, 77)
    np.save(tmp_path / "x.npy", x)
    trained = {kind: train(plate, kind) for kind in load_kinds().configs}
    trained[PER_FIELD] = train_per_field(plate)
    for kind, surrogate in trained.items():
        surrogate.save(tmp_path / kind)
    models = [str(tmp_path / kind) for kind in trained]
    command = [sys.executable, "-c", ANOTHER_PROCESS, str(tmp_path / "x.npy"), *models]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[3], timeout=300)
    for kind, surrogate in trained.items():
        here = answers(surrogate, x)
        there = np.load(tmp_path / f"{kind}.npz", allow_pickle=False)
        assert set(there.files) == set(here)
        for name, array in here.items():
            np.testing.assert_array_equal(there[name], array, err_msg=f"{kind}: {name}")


def test_restores_description_mesh_and_places(surrogate, plate, tmp_path):
    surrogate.save(tmp_path / "model")
    again = Surrogate.load(tmp_path / "model")
    assert again.description == surrogate.description
    np.testing.assert_array_equal(again.points("velocity"), plate.points)
    np.testing.assert_array_equal(again.cells["triangle"], plate.cells["triangle"])
    outside = np.array([[5.0, 100.0]])
    assert not again.predict(outside).inside[0]


def test_large_arrays_are_mapped_and_answer_the_same_bits(surrogate, plate, tmp_path, monkeypatch):
    surrogate.save(tmp_path / "model")
    monkeypatch.setattr(artifact, "MAPPED_BYTES", 1000)
    mapped = Surrogate.load(tmp_path / "model")
    basis = mapped.emulator.fields["velocity"].reduction.basis_
    assert isinstance(basis.base, np.memmap), "a view of the file"
    assert not basis.flags.writeable
    for path in (tmp_path / "model").iterdir():
        path.unlink()
    x = plate.parameters(5, 77)
    expected = answers(surrogate, x)
    for name, array in answers(mapped, x).items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)


def test_holds_no_pickle_and_nothing_else(surrogate, tmp_path):
    surrogate.save(tmp_path / "model")
    assert sorted(p.name for p in (tmp_path / "model").iterdir()) == [
        "arrays.safetensors",
        "manifest.json",
        "model.json",
    ]
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize("name", ["manifest.json", "model.json", "arrays.safetensors"])
@pytest.mark.parametrize("damage", ["flip", "cut", "gone"])
def test_refuses_a_damaged_artifact(surrogate, tmp_path, name, damage):
    surrogate.save(tmp_path / "model")
    path = tmp_path / "model" / name
    content = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    else:
        middle = len(content) // 2
        content[middle] ^= 0x01
        path.write_bytes(bytes(content if damage == "flip" else content[:middle]))
    with pytest.raises(ModelError, match=r"must be a whole, undamaged folder|must be of version|must hold a"):
        Surrogate.load(tmp_path / "model")


def test_refuses_an_unknown_version_and_another_model(surrogate, tmp_path):
    surrogate.save(tmp_path / "model")
    path = tmp_path / "model" / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "version": 99}))
    with pytest.raises(ModelError, match=r"must be of version 3.*Got version 99"):
        Surrogate.load(tmp_path / "model")
    path.write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match=r"must hold a crack classifier. Got a surrogate"):
        read_artifact(tmp_path / "model", "crack classifier")


def resign(folder: Path) -> None:
    """Writes the checksums of the files as they are, as one does who has made them up."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["sha256"] = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in manifest["sha256"]
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("arrays.safetensors", (1 << 62).to_bytes(8, "little") + b"{}"),
        ("arrays.safetensors", (17 << 20).to_bytes(8, "little") + b" " * (17 << 20)),
        ("arrays.safetensors", b""),
        ("model.json", b"[" * 1_000_000),
        ("model.json", b"[]"),
        ("model.json", b'{"a": ' + b"9" * 10_000 + b"}"),
    ],
    ids=["header beyond the file", "large header", "empty", "deep", "no object", "long number"],
)
def test_refuses_what_an_attacker_has_made(surrogate, tmp_path, name, content):
    surrogate.save(tmp_path / "model")
    (tmp_path / "model" / name).write_bytes(content)
    resign(tmp_path / "model")
    with pytest.raises(ModelError, match=r"must be a whole, undamaged folder"):
        Surrogate.load(tmp_path / "model")


@pytest.mark.parametrize("name", ["manifest.json", "model.json", "arrays.safetensors"])
def test_follows_no_link_and_reads_no_device(surrogate, tmp_path, name):
    surrogate.save(tmp_path / "model")
    path = tmp_path / "model" / name
    for target in (path.rename(tmp_path / "elsewhere"), Path("/dev/zero")):
        path.unlink(missing_ok=True)
        path.symlink_to(target)
        with pytest.raises(ModelError, match=r"that is no file of its own"):
            Surrogate.load(tmp_path / "model")
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ModelError, match=r"that is no file of its own"):
        Surrogate.load(tmp_path / "model")


def test_refuses_a_manifest_that_is_too_large(surrogate, tmp_path):
    surrogate.save(tmp_path / "model")
    with (tmp_path / "model" / "manifest.json").open("a") as file:
        file.write(" " * 100_000)
    with pytest.raises(ModelError, match=r"a manifest.json of \d+ bytes, above 65536"):
        Surrogate.load(tmp_path / "model")


def test_refuses_to_overwrite_and_leaves_what_is_there(surrogate, tmp_path):
    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(ModelError, match=r"new or empty folder"):
        surrogate.save(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["kept.txt"]


def test_leaves_nothing_behind_when_writing_fails(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_artifact(tmp_path / "model", "surrogate", {"error": float("nan")}, {"a": np.zeros(3)})
    assert list(tmp_path.iterdir()) == []


def test_refuses_a_device_that_is_not_there(surrogate, tmp_path):
    import torch

    surrogate.save(tmp_path / "model")
    device = "tpu" if torch.cuda.is_available() else "cuda"
    with pytest.raises(ModelError, match=r"device must be 'cpu', or 'cuda' on a machine with a CUDA GPU"):
        Surrogate.load(tmp_path / "model", device=device)
