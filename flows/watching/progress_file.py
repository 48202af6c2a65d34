"""What a watch has brought to an end, on disk, so that it begins where it stopped."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from fieldwright.data.environment import folder_name, home


class Handled:
    """The signatures of the entries that a pipeline has run on, whether it went well or ended with a mistake."""

    def __init__(self, study: str) -> None:
        self._path = home() / "watch" / f"{folder_name(study)}.json"
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            self.signatures: dict[str, str] = {str(name): str(value) for name, value in content.items()}
        except (OSError, ValueError, AttributeError):
            self.signatures = {}

    def new_among(self, settled: Mapping[str, str]) -> list[str]:
        """The names of complete entries that are new or have changed."""
        return [name for name, signature in settled.items() if self.signatures.get(name) != signature]

    def add(self, settled: Mapping[str, str]) -> None:
        """Takes the entries for handled."""
        self.signatures |= settled
        self._path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._path.with_name(f".{self._path.name}")
        unfinished.write_text(json.dumps(self.signatures), encoding="utf-8")
        os.replace(unfinished, self._path)
