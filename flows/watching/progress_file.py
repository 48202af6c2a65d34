"""What a watch has brought to an end, on disk, so that it begins where it stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping

from fieldwright.data.environment import folder_name, home
from fieldwright.data.whole_file import write_whole_file


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
        write_whole_file(self._path, json.dumps(self.signatures))
