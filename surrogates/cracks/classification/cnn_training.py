"""Training of the classifier's networks: augmented photos, weighed classes, early stopping."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional as torch_functions

from fieldwright.data.progress import TrainingProgress, part_of
from fieldwright.surrogates.cracks.augmentation import augmented_batch
from fieldwright.surrogates.cracks.classification.cnn_answers import logits_of
from fieldwright.surrogates.cracks.classification.cnn_network import PhotoNetwork, classifier_network
from fieldwright.surrogates.cracks.classification.cnn_settings import CrackCnnConfig
from fieldwright.surrogates.cracks.half_precision import has_bfloat16

WARM_UP = 0.05


def class_weights(cracked: np.ndarray, rule: str) -> np.ndarray:
    """(n,) weight of each photo of the loss, of mean 1; "balanced": n / (2 n_class)."""
    if rule == "none":
        return np.ones(len(cracked), dtype=np.float32)
    share = np.where(cracked, cracked.mean(), 1.0 - cracked.mean())
    return (0.5 / share).astype(np.float32)


def train_ensemble(
    config: CrackCnnConfig,
    photos: Sequence[np.ndarray],
    cracked: np.ndarray,
    validation: tuple[Sequence[np.ndarray], np.ndarray],
    *,
    seed: int,
    device: str = "cpu",
    progress: TrainingProgress | None = None,
) -> tuple[tuple[PhotoNetwork, ...], tuple[tuple[float, ...], ...]]:
    """The folded networks, each trained with a seed of its own, and their losses; see `train_classifier_network`."""
    networks, losses, total = [], [], config.members * config.epochs
    for member in range(config.members):
        member_seed = seed * config.members + member
        network = classifier_network(config, member_seed)
        progress_of_member = None if progress is None else part_of(progress, member, config.members)
        course = train_classifier_network(
            network,
            config,
            photos,
            cracked,
            validation,
            seed=member_seed,
            device=device,
            progress=progress_of_member,
        )
        losses.append(tuple(course))
        networks.append(network.folded())
    if progress is not None:
        progress(total, total)
    return tuple(networks), tuple(losses)


def train_classifier_network(
    network: PhotoNetwork,
    config: CrackCnnConfig,
    photos: Sequence[np.ndarray],
    cracked: np.ndarray,
    validation: tuple[Sequence[np.ndarray], np.ndarray],
    *,
    seed: int,
    device: str = "cpu",
    progress: TrainingProgress | None = None,
) -> list[float]:
    """Trains in place, leaves the weights of the lowest validation loss, and returns that loss after each
    epoch.

    photos: (size, size, 3) uint8 each. cracked: (n,) bool. The loss is the cross-entropy, weighed by class; a
    parameter that asks for no gradient keeps its value.
    """
    rng = np.random.default_rng(seed)
    weight = torch.from_numpy(class_weights(cracked, config.class_weights))
    target = torch.from_numpy(cracked.astype(np.float32))
    validation_photos, truth = validation
    validation_weights = torch.from_numpy(class_weights(truth, config.class_weights))
    truths = torch.from_numpy(truth.astype(np.float32))
    network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    half = has_bfloat16(device) if config.half is None else config.half
    trainable = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(trainable, lr=config.learning_rate, weight_decay=config.weight_decay)
    steps = math.ceil(len(photos) / config.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, steps * config.epochs))
    losses: list[float] = []
    best: dict[str, torch.Tensor] = {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for epoch in range(config.epochs):
            network.train()
            for rows in np.array_split(rng.permutation(len(photos)), steps):
                x, _ = augmented_batch(photos, rows, config.size, config.augmentation, rng)
                x = x.to(device=device, memory_format=torch.channels_last)
                optimiser.zero_grad()
                with torch.autocast(device.split(":")[0], torch.bfloat16, enabled=half):
                    logits = network(x).float()
                loss = torch_functions.binary_cross_entropy_with_logits(
                    logits, target[rows].to(device), weight[rows].to(device)
                )
                loss.backward()
                optimiser.step()
                schedule.step()
            network.eval()
            validation_logits = torch.from_numpy(logits_of(network, validation_photos, device))
            losses.append(
                float(
                    torch_functions.binary_cross_entropy_with_logits(
                        validation_logits, truths, validation_weights
                    )
                )
            )
            if losses[-1] == min(losses):
                best = {name: tensor.clone() for name, tensor in network.state_dict().items()}
            if progress is not None:
                progress(epoch + 1, config.epochs, {"validation_loss": losses[-1]})
            if len(losses) - 1 - int(np.argmin(losses)) >= config.patience:
                break
    network.load_state_dict(best)
    return losses


def _rate(step: int, steps: int) -> float:
    """Share of the learning rate: a linear rise, then a cosine to zero."""
    rise = max(1.0, WARM_UP * steps)
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1.0 + math.cos(math.pi * (step - rise) / max(1.0, steps - rise)))
