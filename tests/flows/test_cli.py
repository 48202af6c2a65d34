"""The console script: help with examples, and one sentence with exit status 2 for a user's mistake."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fieldwright.data.errors import AccessError
from fieldwright.flows import cli
from fieldwright.flows.cli import app

FIELDWRIGHT = Path(sys.executable).with_name("fieldwright")
MAKES_STORES = True
COMMANDS = ["inspect", "new", "run", "schedule", "serve", "ui", "demo", "status", "withdraw"]


def fieldwright(*words: str, home: Path) -> subprocess.CompletedProcess:
    environment = os.environ | {"FIELDWRIGHT_HOME": str(home), "COLUMNS": "300"}
    return subprocess.run([FIELDWRIGHT, *words], capture_output=True, text=True, env=environment, timeout=600)


def test_all_commands_are_known() -> None:
    assert set(COMMANDS) <= set(app)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example(command: str, capsys: pytest.CaptureFixture) -> None:
    app([command, "--help"], exit_on_error=False, result_action="return_value")
    assert f"Example: fieldwright {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "nowhere.toml"), "The study file must exist"),
        (("status", "nowhere.toml"), "The study file must exist"),
        (("rum",), "Did you mean"),
        (("run",), "requires an argument"),
        (("serve", "nowhere.toml", "--port", "x"), "port"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_2(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    result = fieldwright(*words, home=tmp_path)
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    assert result.stderr.strip().count("\n") == 0
    assert list(tmp_path.iterdir()) == [], "a mistake leaves nothing behind"


def test_a_full_disk_is_one_sentence_though_the_system_does_not_name_the_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def write(**_: object) -> None:
        with open("/dev/full", "w") as file:
            file.write("x" * 100_000)

    monkeypatch.setattr(cli, "app", write)
    with pytest.raises(SystemExit, match="2"):
        cli.main()
    assert "must have room. Got 'No space left on device'. Make room." in capsys.readouterr().err


def test_keys_are_added_listed_and_revoked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("FIELDWRIGHT_HOME", str(tmp_path))

    def keys(*words: str) -> str:
        app(["keys", *words], exit_on_error=False, result_action="return_value")
        return capsys.readouterr().out

    key = keys("add", "optimiser", "--routes", "/predict", "--per-minute", "600").splitlines()[-1]
    assert key.startswith("fw_")
    shown = keys("list")
    assert "optimiser" in shown
    assert "/predict" in shown
    assert "600" in shown
    assert key not in shown
    keys("revoke", "optimiser")
    assert "There are no keys" in keys("list")
    with pytest.raises(AccessError, match="must begin with a slash"):
        keys("add", "other", "--routes", "predict")


def test_a_wrong_cron_is_one_sentence(tmp_path: Path) -> None:
    study = tmp_path / "study.toml"
    study.write_text(
        'name = "s"\n[runs]\nfolder = "r"\n[parameters]\ntable = "t.csv"\ncolumns = { a = {} }\n[fields]\nu = {}\n'
    )
    result = fieldwright("schedule", str(study), "--cron", "every night", home=tmp_path / "home")
    assert result.returncode == 2
    assert "'--cron' must be a cron expression of five fields" in result.stderr
    assert "Traceback" not in result.stderr
