"""The container files name what exists: folders of the checkout, options of the endpoint, and a shell that parses."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "deploy"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))


def test_the_image_holds_every_package() -> None:
    text = (FOLDER / "Containerfile").read_text(encoding="utf-8")
    copied = [name for line in re.findall(r"^COPY (.*) \S+$", text, flags=re.M) for name in line.split()]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    linked = {path.name for path in (ROOT / "fieldwright").iterdir() if path.is_symlink()}
    assert {*linked, "fieldwright", "pyproject.toml"} <= set(copied)


def test_services_wait_for_services_that_exist() -> None:
    services = COMPOSE["services"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        named = [one.split(":")[0] for one in service.get("volumes", ()) if not one.startswith(("$", "."))]
        assert set(named) <= set(COMPOSE["volumes"])


def test_the_commands_parse() -> None:
    shell = COMPOSE["services"]["tracking"]["command"][2].replace("$$", "$")
    assert subprocess.run(["sh", "-n", "-c", shell], check=False).returncode == 0
    inline = re.search(r'python -c "(.*?)"', shell, flags=re.S)
    assert inline is not None
    compile(inline[1], "compose.yaml", "exec")
    command = COMPOSE["services"]["endpoint"]["command"]
    text = subprocess.run(
        [sys.executable, *command[1:3], "--help"], capture_output=True, text=True, check=True, timeout=120
    ).stdout
    options = [word for word in command if word.startswith("--")]
    assert len(options) == 5
    assert [option for option in options if option not in text] == []
