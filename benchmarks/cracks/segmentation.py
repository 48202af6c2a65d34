"""Outlines of cracks: networks trained for so many minutes, judged on photos kept aside and on the other set.

    python -m benchmarks.cracks segmentation crackforest deepcrack --minutes 8 --seeds 0 1 2

Rows: what a network learns from, sets joined by "+" ("crackforest+generator"), and before a colon another network
("plain:crackforest"). A seed parts the photos (65 % to learn from, 15 % to choose weights and threshold by, 20 % kept
aside) and draws weights and crops. Photos of the set that was not learned from are judged all together.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cracks.sets import Part, generated, outlined
from fieldwright.surrogates.cracks.augmentation import PLAIN
from fieldwright.surrogates.cracks.classification.classification_metrics import calibration_error
from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter
from fieldwright.surrogates.cracks.segmentation.segmentation_scores import scores
from fieldwright.surrogates.cracks.segmentation.unet_settings import CrackUNetConfig

SETS = ("crackforest", "deepcrack")
FIGURES = (
    "f1",
    "f1_2px",
    "f1_5px",
    "iou",
    "mean_iou",
    "ods",
    "ods_2px",
    "ois",
    "ois_2px",
    "ece",
    "threshold",
)
NETWORKS = {
    "": CrackUNetConfig(),
    "separable": CrackUNetConfig(architecture="separable", widths=(32, 64, 128, 256)),
    "deep": CrackUNetConfig(deep_supervision=0.4),
    "pretrained": CrackUNetConfig(
        backbone="efficientnet-lite0",
        crop=192,
        learning_rate=1e-3,
        augmentation=CrackUNetConfig().augmentation.model_copy(update={"scale": (0.6, 1.6)}),
    ),
    # As the usual recipe has it: cross-entropy, turned crops, the weights as they are, single precision.
    "plain": CrackUNetConfig(
        architecture="plain",
        widths=(16, 32, 64, 128, 160),
        loss="bce",
        augmentation=PLAIN.model_copy(update={"turns": True}),
        averaging=0.0,
        learning_rate=1e-3,
        half=False,
    ),
}


def main(options: Sequence[str]) -> None:
    """Trains and judges every row with every seed, and prints a table of means and standard deviations."""
    parser = argparse.ArgumentParser("benchmarks.cracks segmentation", description=__doc__)
    parser.add_argument("rows", nargs="*", default=["crackforest", "deepcrack", "generator"])
    parser.add_argument("--minutes", type=float, default=8.0, help="of processor time for each training")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--symmetric", action="store_true", help="judge the mean of eight views too")
    parser.add_argument("--keep", type=Path, help="JSON lines to add to; the table is that of the whole file")
    chosen = parser.parse_args(options)
    found = []
    for seed in chosen.seeds:
        for row in chosen.rows:
            for result in judged(row, seed, chosen.minutes, chosen.device, chosen.symmetric):
                print(json.dumps(result), flush=True)
                found.append(result)
                if chosen.keep:
                    with chosen.keep.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(result) + "\n")
    if chosen.keep:
        found = [json.loads(line) for line in chosen.keep.read_text(encoding="utf-8").splitlines()]
    print(table(found))


def judged(row: str, seed: int, minutes: float, device: str, symmetric: bool) -> list[dict[str, Any]]:
    """One training, judged on the photos of its own set that were kept aside and on all of each other set."""
    names = names_of(row)
    parts = {name: outlined(name, seed) for name in SETS}
    segmenter = trained(row, seed, minutes, device)
    description = segmenter.description
    results = []
    for name in SETS:
        own = name in names
        held = parts[name]["test"] if own else joined(list(parts[name].values()))
        for views in (1, 8) if symmetric and own else (1,):
            results.append(
                {
                    "row": row,
                    "seed": seed,
                    "minutes": minutes,
                    "steps": description.steps[0],
                    "cpu_seconds": description.cpu_seconds[0],
                    "device": device,
                    "photos": description.n_photos,
                    "set": name,
                    "held": len(held[0]),
                    "views": views,
                    **figures(segmenter, held, views > 1),
                }
            )
    return results


def names_of(row: str) -> list[str]:
    """The collections that a row learns from."""
    return row.rpartition(":")[2].split("+")


def trained(row: str, seed: int, minutes: float, device: str) -> CrackSegmenter:
    """The segmenter of a row."""
    sources = [outlined(name, seed) if name in SETS else generated(seed) for name in names_of(row)]
    photos, masks = joined([source["train"] for source in sources])
    # Where real photos are learned from, they alone choose weights, threshold and temperature.
    validation = sources[0]["validation"]
    network = row.rpartition(":")[0]
    config = NETWORKS[network].model_copy(update={"cpu_minutes": minutes, "steps": 10**6})
    return CrackSegmenter.train(
        config, photos, masks, validation=validation, seed=seed, name=row, device=device
    )


def figures(segmenter: CrackSegmenter, held: Part, symmetric: bool) -> dict[str, float]:
    """The FIGURES on photos that the segmenter has not seen, and the share of them that it takes as like its own."""
    photos, masks = held
    found = [segmenter.segment(photo, augmented=symmetric) for photo in photos]
    judged_ = scores([one.probability for one in found], masks, segmenter.description.threshold)
    truth = np.concatenate([mask.ravel() for mask in masks])
    return {
        "f1": judged_.f1[0],
        "f1_2px": judged_.f1[2],
        "f1_5px": judged_.f1[5],
        "iou": judged_.iou,
        "mean_iou": judged_.mean_iou,
        "ods": judged_.ods[0],
        "ods_2px": judged_.ods[2],
        "ois": judged_.ois[0],
        "ois_2px": judged_.ois[2],
        "ece": calibration_error(truth, np.concatenate([one.probability.ravel() for one in found])),
        "threshold": judged_.threshold,
        "inside": float(np.mean([one.inside for one in found])),
    }


def joined(parts: Sequence[Part]) -> Part:
    """The photos and masks of several parts, one after the other."""
    return [photo for photos, _ in parts for photo in photos], [mask for _, masks in parts for mask in masks]


def table(found: Sequence[dict[str, Any]]) -> str:
    """A line for each row, set and number of views: mean and, of several seeds, standard deviation."""
    groups: dict[tuple, list[dict[str, Any]]] = {}
    for one in found:
        groups.setdefault((one["row"], one["minutes"], one["set"], one["views"]), []).append(one)
    lines = [f"| learned from | minutes | judged on | views | seeds | {' | '.join(FIGURES)} |"]
    lines.append("|" + "---|" * (5 + len(FIGURES)))
    for (row, minutes, name, views), ones in sorted(groups.items()):
        values = [np.array([one[figure] for one in ones]) for figure in FIGURES]
        description = [f"{v.mean():.3f}" + (f" ± {v.std(ddof=1):.3f}" if len(v) > 1 else "") for v in values]
        lines.append(f"| {row} | {minutes:g} | {name} | {views} | {len(ones)} | {' | '.join(description)} |")
    return "\n".join(lines)
