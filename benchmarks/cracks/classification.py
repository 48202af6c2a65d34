"""The crack classifier: accuracy, calibration, domain, heat as a free mask, other surfaces, speed.

    python -m benchmarks.cracks classification metu        accuracy, calibration and bands over several splits
    python -m benchmarks.cracks classification domain      how well `inside` tells other pictures
    python -m benchmarks.cracks classification heat        heat maps as masks, against true ones
    python -m benchmarks.cracks classification speed       photos a second, and a patch beside the bare networks
    python -m benchmarks.cracks classification generated   learnt from drawn surfaces alone, and then adapted

`metu` trains one classifier per seed, each on a split of its own that parts neither near-duplicates nor tiles whose
numbers share their hundreds, and keeps it under $FIELDWRIGHT_HOME for the others.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from sklearn.metrics import roc_auc_score

from benchmarks.cracks.classifiers import SIDE, Photos, corners, kept, metu, surfaces
from benchmarks.cracks.sets import collection, outlined
from fieldwright.surrogates.cracks.classification.classification_metrics import (
    ClassificationMetrics,
    metrics_of,
)
from fieldwright.surrogates.cracks.classification.cnn_answers import CHUNK, as_batch
from fieldwright.surrogates.cracks.classification.patches import patch_image
from fieldwright.surrogates.cracks.explain import METHODS, free_mask, heat
from fieldwright.surrogates.cracks.segmentation.segmentation_scores import scores

HEATED = 40
"""Photos of each set whose heat is measured."""
LABELS = 40
"""Photos that a user would label."""


def accuracy(seeds: int) -> None:
    """Judged by photos of groups never seen; and whether bands hold what other seeds say of the same photo."""
    every, answers = [], []
    for seed in range(seeds):
        photos = metu(seed)
        made = kept("metu", photos, seed)
        test, truth = photos.part("test")
        found = made.predict(test)
        one = metrics_of(truth, found.probability)
        every.append(one)
        print(
            f"seed {seed}: {one.photos} test photos, {np.sum(found.crack != truth)} wrong, "
            f"accuracy {one.accuracy:.4f} ({one.accuracy_lower:.4f} to {one.accuracy_upper:.4f}), "
            f"precision {one.precision:.4f}, recall {one.recall:.4f}, F1 {one.f1:.4f}, AUC {one.roc_auc:.5f}, "
            f"ECE {one.ece:.4f}, log loss {one.log_loss:.4f}, inside {found.inside.mean():.3f}, "
            f"temperature {made.temperature.temperature:.2f}",
            flush=True,
        )
        bands = zip(found.probability, found.lower, found.upper, strict=True)
        answers.append(dict(zip(photos.parts["test"], bands, strict=True)))
    means = {key: np.mean([one.summary()[key] for one in every]) for key in ("accuracy", "f1", "ece")}
    print("mean:", ", ".join(f"{key} {value:.4f}" for key, value in means.items()))
    within = [
        low <= other[row][0] <= high
        for pair in combinations(answers, 2)
        for one, other in (pair, pair[::-1])
        for row, (_, low, high) in one.items()
        if row in other
    ]
    print(
        f"bands of 90 %: {np.mean(within):.3f} of {len(within)} answers of another seed to the same photo",
        flush=True,
    )


def domain(seeds: int) -> None:
    """How well the distance from the training photos tells other pictures: AUROC, and the share that is outside."""
    rng = np.random.default_rng(0)
    others = {
        "DeepCrack": corners([photo.pixels() for photo in collection("deepcrack").photos]),
        "CrackForest": corners([photo.pixels() for photo in collection("crackforest").photos]),
        "noise": [rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8) for _ in range(50)],
        "plain colour": [
            np.broadcast_to(rng.integers(0, 256, 3, dtype=np.uint8), (SIDE, SIDE, 3)) for _ in range(50)
        ],
    }
    rows: dict[str, list[tuple[float, float]]] = {}
    for seed in range(seeds):
        photos = metu(seed)
        made, test = kept("metu", photos, seed), photos.part("test")[0]
        soft = [gaussian_filter(photo, (8.0, 8.0, 0.0)) for photo in test[::4]]
        own = made.predict(test).outside
        rows.setdefault("METU, kept aside", []).append((0.5, float(np.mean(own > 1.0))))
        for name, pictures in {**others, "METU out of focus": soft}.items():
            far = made.predict(pictures).outside
            truth = np.repeat([0, 1], [len(own), len(far)])
            auroc = float(roc_auc_score(truth, np.concatenate([own, far])))
            rows.setdefault(name, []).append((auroc, float(np.mean(far > 1.0))))
    print("| pictures | AUROC | called outside |\n|---|---|---|")
    for name, found in rows.items():
        auroc, outside = np.mean(found, axis=0)
        print(f"| {name} | {auroc:.3f} | {outside:.1%} |", flush=True)


def free_masks(seeds: int) -> None:
    """Heat as a mask for photos called cracked: by Otsu's threshold, and at the best threshold for all of them."""
    made = kept("metu", metu(0), 0)
    real = [
        (one, outline)
        for photos, outlines in outlined("deepcrack", 0).values()
        for photo, mask in zip(photos, outlines, strict=True)
        for one, outline in zip(corners([photo]), corners([mask]), strict=True)
    ]
    drawn = surfaces(160, 90_000)
    sets = {"DeepCrack": real, "drawn": list(zip(drawn[0], drawn[2], strict=True))}
    print(
        "| photos | number | method | F1 within 2 px | IoU | best F1 within 2 px |\n|---|---|---|---|---|---|"
    )
    for name, pairs in sets.items():
        pairs = [(photo, mask) for photo, mask in pairs if mask.sum() >= SIDE]
        found = made.predict([photo for photo, _ in pairs])
        pairs = [pair for pair, yes in zip(pairs, found.crack, strict=True) if yes][:HEATED]
        masks = [mask for _, mask in pairs]
        for method in (*METHODS, "darkness"):
            maps = [heat(made, photo, method) if method in METHODS else darkness(photo) for photo, _ in pairs]
            free = scores([free_mask(one).astype(np.float32) for one in maps], masks, 0.5, (2,))
            best = scores(maps, masks, 0.5, (2,))
            print(
                f"| {name} | {len(pairs)} | {method} | {free.f1[2]:.3f} | {free.iou:.3f} | {best.ods[2]:.3f} |",
                flush=True,
            )


def darkness(photo: np.ndarray) -> np.ndarray:
    """What needs no network: how dark each pixel is."""
    grey = 255.0 - photo.mean(axis=2)
    return ((grey - grey.min()) / max(float(np.ptp(grey)), 1.0)).astype(np.float32)


def generated(seeds: int) -> None:
    """Learnt from drawn surfaces alone, asked for METU, then adapted to 40 of its photos."""
    for seed in range(seeds):
        photos, cracked, _ = surfaces(1200, 10_000 * seed)
        held, held_cracked, _ = surfaces(300, 10_000 * seed + 5000)
        rows = {
            "train": tuple(range(len(photos))),
            "validation": tuple(range(len(photos), len(photos) + len(held))),
        }
        made = kept("drawn", Photos(photos + held, np.concatenate([cracked, held_cracked]), rows), seed)
        real = metu(seed)
        test, truth = real.part("test")
        print("| labels | how | accuracy | F1 | AUC | ECE | log loss |\n|---|---|---|---|---|---|---|")
        print_row("0", "as trained", [metrics_of(truth, made.predict(test).probability)])
        pool, labels = real.part("train")
        for how in ("calibration", "last_layer"):
            found = []
            for draw in range(5):
                rng = np.random.default_rng(draw)
                few = np.concatenate(
                    [rng.choice(np.flatnonzero(labels == k), LABELS // 2, False) for k in (0, 1)]
                )
                moved = made.adapted([pool[k] for k in few], labels[few], seed=draw, how=how)
                found.append(metrics_of(truth, moved.predict(test).probability))
            print_row(str(LABELS), how, found)


def print_row(labels: str, how: str, found: Sequence[ClassificationMetrics]) -> None:
    """One row: means over draws of the labelled photos."""
    keys = ("accuracy", "f1", "roc_auc", "ece", "log_loss")
    means = [np.mean([one.summary()[key] for one in found]) for key in keys]
    print(f"| {labels} | {how} | {' | '.join(f'{value:.3f}' for value in means)} |", flush=True)


def speed(seeds: int) -> None:
    """Processor time of `predict`, in turns with bare passes of the same networks; medians of 15 rounds."""
    photos = metu(0)
    made, test = kept("metu", photos, 0), photos.part("test")[0][:64]
    small = [patch_image(photo, (0, 0, *photo.shape[:2]), 112) for photo in test]
    one = as_batch([patch_image(test[0], (0, 0, SIDE, SIDE), 112)])
    chunks = [as_batch(small[start : start + CHUNK]) for start in range(0, len(small), CHUNK)]

    def bare(batches: Sequence[torch.Tensor]) -> None:
        with torch.inference_mode():
            for batch in batches:
                for network in made.networks:
                    network(batch)

    calls = {
        "64 photos of 112 px": (lambda: made.predict(small), lambda: bare(chunks)),
        "64 photos of 227 px": (lambda: made.predict(test), lambda: bare(chunks)),
        "one patch of 227 px": (lambda: made.predict(test[:1]), lambda: bare([one])),
    }
    print("| what | answer, ms | bare networks, ms | ratio | photos a second |\n|---|---|---|---|---|")
    for name, (answer, passes) in calls.items():
        spent = np.median([[cpu(answer), cpu(passes)] for _ in range(15)], axis=0) * 1e3
        number = 1 if name.startswith("one") else 64
        ratio, rate = spent[0] / spent[1], 1e3 * number / spent[0]
        print(f"| {name} | {spent[0]:.2f} | {spent[1]:.2f} | {ratio:.2f} | {rate:.0f} |")


def cpu(call: Callable[[], object]) -> float:
    """Processor seconds of a call."""
    start = time.process_time()
    call()
    return time.process_time() - start


TASKS = {"metu": accuracy, "domain": domain, "heat": free_masks, "generated": generated, "speed": speed}


def main(options: Sequence[str]) -> None:
    """Runs one task and prints its table."""
    parser = argparse.ArgumentParser("benchmarks.cracks classification", description=__doc__)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--seeds", type=int, default=3)
    chosen = parser.parse_args(options)
    torch.set_num_threads(1)
    TASKS[chosen.task](chosen.seeds)
