"""Pictures as files, as MLflow shows them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_picture(figure: Figure | Path, path: Path) -> None:
    """Draws the figure into a PNG, or copies the one that it has been drawn into."""
    if isinstance(figure, Path):
        shutil.copyfile(figure, path)
        return
    # Half of the time of a picture goes into the last tenth of its size.
    figure.savefig(path, dpi=120, pil_kwargs={"compress_level": 1})
