"""Recipes of an encoder's segmenter in equal processor minutes, each against the reference with the same seeds.

    python -m benchmarks.cracks recipes reference least_threshold views4 edge --minutes 1.5 --keep recipes.jsonl

A seed splits DeepCrack's photos and draws weights and crops; the drawn surfaces are the same for all. Evaluated on
DeepCrack's test photos and on all of CrackForest, of which nothing is learned. What --keep holds already is not
computed again. A recipe is worth its place where its gain over the reference is beyond the spread of the seeds on
both sets.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cracks.candidates import RECIPES, HardPhotos, least_threshold
from benchmarks.cracks.segmentation import NETWORKS, SETS, joined
from benchmarks.cracks.sets import Part, drawn, outlined
from fieldwright.surrogates.cracks.classification.classification_metrics import calibration_error
from fieldwright.surrogates.cracks.segmentation.losses import LOSSES
from fieldwright.surrogates.cracks.segmentation.mask_calibration import MaskCalibration
from fieldwright.surrogates.cracks.segmentation.segmentation_networks import (
    Standardised,
    segmentation_network,
)
from fieldwright.surrogates.cracks.segmentation.segmentation_scores import scores
from fieldwright.surrogates.cracks.segmentation.segmentation_training import train_segmentation_network
from fieldwright.surrogates.cracks.segmentation.tiles import answer_in_tiles

OWN = "deepcrack"
FIGURES = ("f1", "f1_2px", "mean_iou", "ece")
CHECKS = 2
"""Of the validation photos: six would take a third of so short a training."""


def main(options: Sequence[str]) -> None:
    """Trains and judges every recipe with every seed, and prints the table of the whole file."""
    parser = argparse.ArgumentParser("benchmarks.cracks recipes", description=__doc__)
    parser.add_argument("recipes", nargs="*", default=list(RECIPES), help=f"of {', '.join(RECIPES)}")
    parser.add_argument("--minutes", type=float, default=1.5, help="of processor time for each training")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--keep", type=Path, required=True, help="JSON lines to go on with")
    chosen = parser.parse_args(options)
    if unknown := set(chosen.recipes) - RECIPES.keys():
        parser.error(f"recipes must be among {', '.join(RECIPES)}; found {', '.join(sorted(unknown))}")
    chosen.keep.touch()
    for seed in chosen.seeds:
        for recipe in chosen.recipes:
            done = {(one["recipe"], one["seed"], one["minutes"]) for one in kept(chosen.keep)}
            if (recipe, seed, chosen.minutes) in done:
                continue
            lines = [json.dumps(one) + "\n" for one in evaluated(recipe, seed, chosen.minutes)]
            print(*lines, sep="", end="", flush=True)
            with chosen.keep.open("a", encoding="utf-8") as file:
                file.writelines(lines)
    print(table(kept(chosen.keep)))


def kept(path: Path) -> list[dict[str, Any]]:
    """What a file holds."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def evaluated(recipe: str, seed: int, minutes: float) -> list[dict[str, Any]]:
    """The figures of a recipe on the test photos and on the set that nothing is learned from."""
    settings = RECIPES[recipe]
    network, steps, seconds = trained(settings.trained_as or recipe, seed, minutes)
    parts = {name: outlined(name, seed) for name in SETS}

    def answers(photos: Iterable[np.ndarray]) -> list[np.ndarray]:
        return [
            answer_in_tiles([network], one, 1536, symmetries=settings.views).probability for one in photos
        ]

    photos, masks = parts[OWN]["validation"]
    raw = answers(photos)
    calibration = MaskCalibration.fit(raw, masks, 0, seed)
    threshold = calibration.threshold
    if settings.forgone:
        threshold = least_threshold(calibration.calibrated(raw), masks, settings.forgone)
    results = []
    for name in SETS:
        photos, masks = parts[name]["test"] if name == OWN else joined(list(parts[name].values()))
        found = figures(calibration.calibrated(answers(photos)), masks, threshold)
        about = {"recipe": recipe, "seed": seed, "minutes": minutes, "steps": steps, "cpu_seconds": seconds}
        results.append({**about, "set": name, "photos": len(photos), **found})
    return results


def figures(
    probabilities: Sequence[np.ndarray], masks: Sequence[np.ndarray], threshold: float
) -> dict[str, float]:
    """What is evaluated, of probabilities (h, w) at a threshold, and the best F1 that another would give."""
    found = scores(probabilities, masks, threshold, tolerances=(0, 2))
    truth, answered = (np.concatenate([one.ravel() for one in many]) for many in (masks, probabilities))
    return {
        "f1": found.f1[0],
        "f1_2px": found.f1[2],
        "mean_iou": found.mean_iou,
        "ece": calibration_error(truth, answered),
        "ods": found.ods[0],
        "ods_2px": found.ods[2],
        "threshold": found.threshold,
    }


@lru_cache(maxsize=1)
def surfaces(number: int) -> Part:
    """The same drawn surfaces for every seed: to draw them takes as long as a short training."""
    return drawn(number, 0)


@lru_cache(maxsize=1)
def trained(recipe: str, seed: int, minutes: float) -> tuple[Standardised, int, float]:
    """A recipe's network, its steps and processor seconds; only the last one is held."""
    settings = RECIPES[recipe]
    config = NETWORKS["pretrained"].model_copy(
        update={"cpu_minutes": minutes, "steps": 10**6, "checks": CHECKS, "loss": settings.loss}
    )
    own = outlined(OWN, seed)
    photos, masks = joined([own["train"], surfaces(settings.drawn)])
    network = segmentation_network(config, seed)
    colours = np.concatenate([photo[::4, ::4].reshape(-1, 3) for photo in photos]) / 255.0
    network.standardise(colours.mean(axis=0), colours.std(axis=0))
    weights = None
    if settings.hard:
        photos = HardPhotos(photos)
        weights = photos.weights
        LOSSES["noted"] = photos.note
        config = config.model_copy(update={"loss": f"{settings.loss}+noted"})
    course = train_segmentation_network(
        network, config, photos, masks, own["validation"], seed=seed, weights=weights
    )
    return network.eval(), course.steps, round(course.cpu_seconds, 1)


def table(found: Sequence[dict[str, Any]]) -> str:
    """A line for each recipe and set: mean ± spread of the seeds, and the gain over the reference, seed by seed."""
    heads = " | ".join(f"{figure} | gain" for figure in FIGURES)
    lines = [f"| recipe | minutes | set | seeds | steps | {heads} |", "|" + "---|" * (5 + 2 * len(FIGURES))]
    for recipe, minutes, name in sorted({(one["recipe"], one["minutes"], one["set"]) for one in found}):

        def by_seed(recipe: str, minutes: float = minutes, name: str = name) -> dict[int, dict[str, Any]]:
            wanted = (recipe, minutes, name)
            return {
                one["seed"]: one for one in found if (one["recipe"], one["minutes"], one["set"]) == wanted
            }

        ones, reference = by_seed(recipe), by_seed("reference")
        cells = []
        for figure in FIGURES:
            cells.append(_spread([one[figure] for one in ones.values()], ""))
            both = ones.keys() & reference.keys()
            gains = [ones[seed][figure] - reference[seed][figure] for seed in both]
            cells.append("" if recipe == "reference" or not gains else _spread(gains, "+"))
        steps = round(float(np.mean([one["steps"] for one in ones.values()])))
        lines.append(f"| {recipe} | {minutes:g} | {name} | {len(ones)} | {steps} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _spread(values: Sequence[float], sign: str) -> str:
    mean = f"{np.mean(values):{sign}.3f}"
    return mean if len(values) < 2 else f"{mean} ± {np.std(values, ddof=1):.3f}"
