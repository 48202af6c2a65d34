"""Thresholds that follow a photo's own answer, without labels, beside the one threshold of a segmenter.

    python -m benchmarks.cracks thresholds pretrained:deepcrack+generator --minutes 4 --seed 0

Evaluated on the test photos of the sets that were learned from and on all photos of the others, of which neither the
network nor a rule has seen any. A rule's constants are found on the validation photos, on drawn surfaces and on
degraded copies of both. Segmenters and what they answered are kept under $FIELDWRIGHT_HOME; --segmenter takes one
that the same row and seed have given before.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from scipy.ndimage import gaussian_filter, zoom
from scipy.optimize import minimize
from scipy.special import expit, logit

from benchmarks.cracks.segmentation import SETS, joined, names_of, trained
from benchmarks.cracks.sets import GENERATED, Part, drawn, outlined
from fieldwright.data.environment import home
from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter
from fieldwright.surrogates.cracks.segmentation.segmentation_scores import THRESHOLDS, Tallies

TOLERANCES = (0, 2)
DRAWN = 20
KEPT = "predicted", "right", "detected", "truth", "expected"
FEATURES = ("1", "best expected F1", "log share of sure pixels", "log growth below", "log growth above")


@dataclass(frozen=True, eq=False)
class Answers:
    """What is left of the answers to n photos, at each of THRESHOLDS.

    predicted (n, 99); right, detected (n, 2, 99) and truth (n, 2) within TOLERANCES; expected (n, 99) F1 by the
    probabilities themselves.
    """

    predicted: np.ndarray
    right: np.ndarray
    detected: np.ndarray
    truth: np.ndarray
    expected: np.ndarray

    @classmethod
    def of(cls, segmenter: CrackSegmenter, part: Part, place: Path) -> Self:
        """Of a segmenter to a part's photos, read from the place where they were kept before."""
        if not place.exists():
            rows = [
                _row(segmenter.answer(photo).probability, mask) for photo, mask in zip(*part, strict=True)
            ]
            place.parent.mkdir(parents=True, exist_ok=True)
            np.savez(place, **dict(zip(KEPT, map(np.stack, zip(*rows, strict=True)), strict=True)))
        with np.load(place) as arrays:
            return cls(*(arrays[name] for name in KEPT))

    @classmethod
    def joined(cls, ones: Sequence[Self]) -> Self:
        """Those of several, one after the other."""
        return cls(*(np.concatenate([getattr(one, name) for one in ones]) for name in KEPT))

    def f1(self, at: np.ndarray, tolerance: int) -> float:
        """F1 of all pixels together, each photo at the row of THRESHOLDS in at (n,)."""
        k, rows = TOLERANCES.index(tolerance), np.arange(len(at))
        precision = self.right[rows, k, at].sum() / max(self.predicted[rows, at].sum(), 1)
        recall = self.detected[rows, k, at].sum() / max(self.truth[:, k].sum(), 1)
        return 2.0 * precision * recall / max(precision + recall, 1e-12)

    def best(self, tolerance: int) -> np.ndarray:
        """(n,) the row of THRESHOLDS that serves each photo best, which only its mask can tell."""
        k = TOLERANCES.index(tolerance)
        precision = self.right[:, k] / np.maximum(self.predicted, 1)
        recall = self.detected[:, k] / np.maximum(self.truth[:, k, None], 1)
        return (2.0 * precision * recall / np.maximum(precision + recall, 1e-12)).argmax(axis=1)

    def features(self) -> np.ndarray:
        """(n, 5), FEATURES."""
        counts = np.log(self.predicted + 50.0)
        low, middle, high = (counts[:, round(100 * t) - 1] for t in (0.15, 0.5, 0.85))
        best = self.expected.max(axis=1)
        return np.stack([np.ones_like(best), best, middle, low - middle, middle - high], axis=1)


Rule = Callable[[Answers], np.ndarray]
"""A row of THRESHOLDS for each photo."""


def main(options: Sequence[str]) -> None:
    """Prints F1 within 0 and 2 pixels of every rule on every set."""
    parser = argparse.ArgumentParser("benchmarks.cracks thresholds", description=__doc__)
    parser.add_argument("row", help="as of `segmentation`")
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--segmenter", type=Path, help="a folder that `CrackSegmenter.save` has written")
    chosen = parser.parse_args(options)
    place = home() / "benchmarks" / "cracks" / "thresholds" / f"{chosen.row}-{chosen.seed}-{chosen.minutes:g}"
    saved = chosen.segmenter or place / "segmenter"
    if not saved.exists():
        trained(chosen.row, chosen.seed, chosen.minutes, "cpu").save(saved)
    segmenter = CrackSegmenter.load(saved)
    names, parts = names_of(chosen.row), {name: outlined(name, chosen.seed) for name in SETS}
    known = [parts[name]["validation"] for name in SETS if name in names]
    # The drawn ones of the test set: the row may learn from the others.
    known.append(drawn(DRAWN, (chosen.seed + 1) * sum(GENERATED.values()) - GENERATED["test"]))
    own = Answers.of(segmenter, joined(known), place / "known.npz")
    changed = Answers.of(segmenter, degraded(joined(known), chosen.seed), place / "degraded.npz")
    rules = rules_of(Answers.joined([own, changed]), own, segmenter.description.threshold)
    print("| evaluated on | photos | rule | F1 | 2 px | thresholds, 10 to 90 % |\n|---|---|---|---|---|---|")
    for name in SETS:
        held = parts[name]["test"] if name in names else joined(list(parts[name].values()))
        answers = Answers.of(segmenter, held, place / f"{name}.npz")
        for rule, rows in rules.items():
            print_row(name, rule, answers, rows(answers))
        for k in TOLERANCES:
            every = [answers.f1(np.full(len(answers.truth), at), k) for at in range(len(THRESHOLDS))]
            print_row(
                name, f"best of one, {k} px", answers, np.full(len(answers.truth), int(np.argmax(every)))
            )
            print_row(name, f"best of each photo, {k} px", answers, answers.best(k))


def rules_of(known: Answers, own: Answers, threshold: float) -> dict[str, Rule]:
    """Rules by name, with constants found on known answers; own are those to photos that are not degraded."""
    usual = nearest(np.array([threshold]))

    # Of a calibrated network, half of the best F1 to be expected is the threshold that reaches it.
    # Source: Lipton, Elkan & Naryanaswamy, Optimal thresholding of classifiers to maximize F1, ECML 2014.
    def expected(answers: Answers) -> np.ndarray:
        return answers.expected.argmax(axis=1)

    def one_for_all(answers: Answers) -> np.ndarray:
        return np.full(len(answers.truth), int(answers.expected.mean(axis=0).argmax()))

    shifts = np.linspace(-2.0, 2.0, 41)
    shift = shifts[int(np.argmax([own.f1(shifted(expected(own), by), 0) for by in shifts]))]
    rules: dict[str, Rule] = {
        "own": lambda answers: np.broadcast_to(usual, len(answers.truth)),
        "half": lambda answers: np.broadcast_to(nearest(np.array([0.5])), len(answers.truth)),
        "expected F1": expected,
        f"expected F1, moved by {shift:.2f}": lambda answers: shifted(expected(answers), shift),
        "expected F1 of the set": one_for_all,
    }
    for tolerance in TOLERANCES:
        fixed = [own.f1(np.full(len(own.truth), at), tolerance) for at in range(len(THRESHOLDS))]
        best = int(np.argmax(fixed))
        rules[f"one of validation and drawn, {tolerance} px"] = lambda answers, at=best: np.full(
            len(answers.truth), at
        )
        weights = learned(known, tolerance, float(logit(threshold)))
        rules[f"learned, {tolerance} px"] = lambda answers, w=weights: nearest(expit(answers.features() @ w))
    return rules


def learned(known: Answers, tolerance: int, start: float) -> np.ndarray:
    """(5,) weights of FEATURES whose sum is the log-odds of the threshold with the best mean F1 of the photos."""
    features, k = known.features(), TOLERANCES.index(tolerance)
    precision = known.right[:, k] / np.maximum(known.predicted, 1)
    recall = known.detected[:, k] / np.maximum(known.truth[:, k, None], 1)
    f1 = 2.0 * precision * recall / np.maximum(precision + recall, 1e-12)
    cracked = known.truth[:, k] > 0
    features, f1 = features[cracked], f1[cracked]
    spread = features.std(axis=0)

    def lost(weights: np.ndarray) -> float:
        thresholds = expit(features @ weights)
        reached = [np.interp(t, THRESHOLDS, curve) for t, curve in zip(thresholds, f1, strict=True)]
        return -float(np.mean(reached)) + 1e-3 * float(np.sum((weights * spread) ** 2))

    first = np.array([start, *np.zeros(len(FEATURES) - 1)])
    options = {"maxfev": 4000, "initial_simplex": np.vstack([first, first + 0.5 * np.eye(len(FEATURES))])}
    return minimize(lost, first, method="Nelder-Mead", options=options).x


def degraded(part: Part, seed: int) -> Part:
    """Each photo of a part twice: paler and noisy, and soft, as if it were taken from further off."""
    rng = np.random.default_rng(seed)
    photos, masks = [], []
    for photo, mask in zip(*part, strict=True):
        pale = photo.mean() + rng.uniform(0.25, 0.6) * (photo - photo.mean())
        noisy = pale + rng.normal(0.0, rng.uniform(2.0, 10.0), photo.shape)
        small = rng.uniform(0.5, 0.8)
        soft = zoom(gaussian_filter(photo.astype(np.float32), (1.0, 1.0, 0.0)), (small, small, 1.0), order=1)
        photos += [np.clip(np.asarray(one), 0, 255).astype(np.uint8) for one in (noisy, soft)]
        masks += [mask, zoom(mask.astype(np.float32), small, order=1) > 0.5]
    return photos, masks


def nearest(thresholds: np.ndarray) -> np.ndarray:
    """The rows of THRESHOLDS."""
    return np.clip(np.rint(100.0 * thresholds).astype(int) - 1, 0, len(THRESHOLDS) - 1)


def shifted(at: np.ndarray, by: float) -> np.ndarray:
    """Rows of THRESHOLDS whose log-odds are moved."""
    return nearest(expit(logit(THRESHOLDS[at]) + by))


def print_row(name: str, rule: str, answers: Answers, at: np.ndarray) -> None:
    """One line of the table."""
    exact, near = (answers.f1(at, tolerance) for tolerance in TOLERANCES)
    low, high = np.quantile(THRESHOLDS[at], (0.1, 0.9))
    print(f"| {name} | {len(at)} | {rule} | {exact:.3f} | {near:.3f} | {low:.2f} to {high:.2f} |", flush=True)


def _row(probability: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, ...]:
    tallies = [Tallies.of(probability, mask, tolerance) for tolerance in TOLERANCES]
    edges = np.concatenate([THRESHOLDS.astype(probability.dtype), [np.inf]])
    sums = np.histogram(probability, edges, weights=probability.astype(float))[0][::-1].cumsum()[::-1]
    return (
        tallies[0].predicted,
        np.stack([one.right for one in tallies]),
        np.stack([one.detected for one in tallies]),
        np.array([one.truth for one in tallies]),
        2.0 * sums / np.maximum(tallies[0].predicted + float(probability.sum()), 1.0),
    )
