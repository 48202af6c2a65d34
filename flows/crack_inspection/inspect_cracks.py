"""From a folder of photos to the protocol of an inspection: tables, pictures and one page."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from fieldwright.data.disk import unreadable
from fieldwright.data.errors import FieldwrightError, ModelError, QueryError
from fieldwright.flows.commands.named_model import NamedModel
from fieldwright.flows.crack_inspection.inspection_folder import PAGE, InspectionFolder
from fieldwright.flows.crack_inspection.photo_inspection import InspectionSettings, inspected_photo
from fieldwright.flows.crack_inspection.photo_names import by_stem, photos_in, stem_of
from fieldwright.flows.crack_inspection.tables import cracks_table, photos_table
from fieldwright.flows.progress import report as report_progress
from fieldwright.surrogates.cracks.protocol import InspectedPhoto, InspectionProtocol, protocol_parts
from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter

PHOTOS_TABLE, CRACKS_TABLE = "photos.csv", "cracks.csv"
STEP = "Inspecting photos"
NO_EARLIER = "There is no earlier photo of this name."


@dataclass(frozen=True)
class Heading:
    """What is printed at the top of the protocol."""

    site: str = ""
    inspector: str = ""
    date: str = ""
    note: str = ""


@dataclass(frozen=True)
class InspectionResult:
    """abouts: what was said of each photo. rejected: name and sentence of those that could not be inspected.

    unchanged: photos taken from an earlier inspection in the same folder. files: what was written for people to read.
    """

    abouts: tuple[dict[str, Any], ...]
    rejected: tuple[tuple[str, str], ...]
    unchanged: int
    files: tuple[Path, ...]


def inspect_cracks(
    named: NamedModel,
    photos: Path,
    out: Path,
    settings: InspectionSettings,
    heading: Heading,
    before: Path | None = None,
) -> InspectionResult:
    """Inspects every photo of a folder; raises FieldwrightError where there is nothing to inspect.

    before: folder of earlier photos, which belong to those of the same name without suffix. A photo that cannot be
    inspected is named, and the others go on. What an interrupted inspection in the same folder has found is kept.
    """
    segmenter = named.model
    if not isinstance(segmenter, CrackSegmenter):
        raise ModelError(
            "A model to inspect photos by must outline cracks",
            f"'{named.name}', a model of {named.model.description.kind}",
            "Name one that a study of the kind 'segmentation' has trained",
        )
    by_name = photos_in(photos, [out] if before is None else [out, before])
    earlier = None if before is None else by_stem(photos_in(before, [out]))
    common = [named.name, named.version, settings.as_dict()]
    folder = InspectionFolder(out)
    abouts, rejected, unchanged = [], [], 0
    with folder.claimed():
        firsts = by_stem(by_name)
        for number, (name, path) in enumerate(by_name.items()):
            progress = partial(_report, number, len(by_name), name)
            progress(0, 0)
            try:
                if firsts[stem_of(name)] != path:
                    raise QueryError(
                        "Two photos must differ by more than their suffix",
                        f"'{firsts[stem_of(name)].name}' too",
                        "Rename one",
                    )
                content = _content(path)
                earlier_path = None if earlier is None else earlier.get(stem_of(name))
                earlier_content = None if earlier_path is None else _content(earlier_path)
                key = _key(common, content, earlier_content)
                about = folder.record(name, key)
                unchanged += about is not None
                if about is None:
                    about, pictures = inspected_photo(
                        segmenter, name, content, settings, earlier_content, progress
                    )
                    folder.keep(name, {"key": key} | about, pictures)
                missing = earlier is not None and earlier_path is None
                abouts.append(about | ({"growth": NO_EARLIER} if missing else {}))
            except FieldwrightError as error:
                rejected.append((name, str(error)))
            except MemoryError:
                rejected.append((name, "The photo must fit into the memory of this machine. Shrink it."))
        _report(len(by_name), len(by_name), "", 0, 0)
        folder.forget_others(about["name"] for about in abouts)
        files = _written(folder, named, abouts, rejected, heading)
    return InspectionResult(tuple(abouts), tuple(rejected), unchanged, files)


def print_inspection_result(result: InspectionResult, console: Console) -> None:
    """Prints how many photos show what, those that could not be inspected, and what was written."""
    abouts = result.abouts
    outside = sum(not about["inside"] for about in abouts)
    sentence = f"{len(abouts)} photos inspected, {sum(about['crack'] for about in abouts)} with cracks"
    sentence += f", {outside} unlike the training photos: do not rely on these" if outside else ""
    sentence += f"; {result.unchanged} taken from the inspection before" if result.unchanged else ""
    console.print(f"{sentence}.", markup=False, soft_wrap=True)
    for name, problem in result.rejected:
        console.print(f"Not inspected: {name}: {problem}", markup=False, soft_wrap=True)
    for path in result.files:
        console.print(f"Wrote {path}", markup=False, soft_wrap=True)


def _report(number: int, photos: int, name: str, tile: int, tiles: int) -> None:
    report_progress(STEP, number, photos, f"{name}, tile {tile} of {tiles}" if tiles > 1 else name)


def _written(
    folder: InspectionFolder,
    named: NamedModel,
    abouts: list[dict[str, Any]],
    rejected: list[tuple[str, str]],
    heading: Heading,
) -> tuple[Path, ...]:
    inspected = [InspectedPhoto.model_validate(about) for about in abouts]
    protocol = InspectionProtocol(
        named.name,
        named.version,
        [(photo, folder.picture(photo.name, "small")) for photo in inspected],
        **vars(heading),
        rejected=rejected,
        grown={
            photo.name: folder.picture(photo.name, "grown")
            for photo in inspected
            if photo.growth is not None and not isinstance(photo.growth, str)
        },
    )
    return (
        folder.write(PAGE, protocol_parts(protocol)),
        folder.write(PHOTOS_TABLE, photos_table(abouts, rejected)),
        folder.write(CRACKS_TABLE, cracks_table(abouts)),
    )


def _content(path: Path) -> bytes:
    """The bytes of a photo; raises ReadError where the disk does not give them."""
    try:
        return path.read_bytes()
    except OSError as error:
        cause = unreadable(path, error)
        if cause is None:
            raise
        raise cause from error


def _key(common: list[Any], content: bytes, before: bytes | None) -> str:
    """Equal where model, settings and photos are."""
    digests = [hashlib.sha256(one).hexdigest() for one in (content, before) if one is not None]
    return hashlib.sha256(json.dumps([*common, *digests]).encode()).hexdigest()
