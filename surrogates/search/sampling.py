"""Settings of the next trials, drawn by Optuna from the search space of each kind."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, CmaEsSampler, RandomSampler, TPESampler
from optuna.trial import Trial as Ask

from fieldwright.surrogates.fields.settings import accepted_settings
from fieldwright.surrogates.regressors import KindConfig, kind_config, load_kinds
from fieldwright.surrogates.search.search_space import Choice, Choices

GRID_LEVELS = 3
"""Numbers that a grid takes from a range."""
STARTUP = 6
"""Trials besides the defaults after which the tree-structured estimator starts to use their scores."""


def sampler_for(method: str, seed: int, kinds: int) -> BaseSampler:
    """The seeded sampler of a method; the points of a grid are enqueued, so that any sampler serves for it."""
    if method == "tpe":
        with warnings.catch_warnings():
            # Kinds have settings of their own, which only the grouped estimator takes; it is marked experimental.
            warnings.simplefilter("ignore", ExperimentalWarning)
            # A generation is drawn as a whole: trials that are not yet evaluated count as bad, so that others differ.
            return TPESampler(
                seed=seed, multivariate=True, group=True, constant_liar=True, n_startup_trials=kinds + STARTUP
            )
    return CmaEsSampler(seed=seed) if method == "cmaes" else RandomSampler(seed=seed)


def suggested(ask: Ask, kinds: Sequence[str], common: dict[str, Any]) -> KindConfig:
    """The candidate that an Optuna trial suggests; raises StudyError where its settings are not compatible.

    common: settings of all kinds, such as the scales that the study gives its parameters.
    """
    kind = kinds[0] if len(kinds) == 1 else ask.suggest_categorical("kind", list(kinds))
    config = load_kinds().configs[str(kind)]
    settings = {name: _suggest(ask, f"{kind}.{name}", choice) for name, choice in config.space.items()}
    return kind_config({"kind": kind} | settings | accepted_settings(config, common))


def defaults(kind: str) -> dict[str, Any]:
    """The Optuna parameters of the defaults of a kind, as far as its search space contains them."""
    config = load_kinds().configs[kind]
    parameters = {}
    for name, choice in config.space.items():
        value = config.model_fields[name].get_default(call_default_factory=True)
        parameters[f"{kind}.{name}"] = _index(choice, value) if isinstance(choice, Choices) else value
    return parameters


def grid(kind: str) -> list[dict[str, Any]]:
    """Every combination of the options of a kind and of three numbers from each of its ranges."""
    space = load_kinds().configs[kind].space
    levels = [[(f"{kind}.{name}", level) for level in _levels(choice)] for name, choice in space.items()]
    return [dict(point) for point in itertools.product(*levels)]


def quiet() -> None:
    """Keep Optuna from logging every trial, since the pipeline logs them."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def _suggest(ask: Ask, name: str, choice: Choice) -> Any:
    if isinstance(choice, Choices):
        # By index: Optuna stores plain values only, and options may be lists.
        return choice.values[ask.suggest_categorical(name, list(range(len(choice.values))))]
    if choice.integer:
        return ask.suggest_int(name, int(choice.low), int(choice.high), log=choice.log)
    return ask.suggest_float(name, choice.low, choice.high, log=choice.log)


def _index(choice: Choices, value: Any) -> int:
    return choice.values.index(value) if value in choice.values else 0


def _levels(choice: Choice) -> list[Any]:
    if isinstance(choice, Choices):
        return list(range(len(choice.values)))
    spaced = np.geomspace if choice.log else np.linspace
    values = spaced(choice.low, choice.high, GRID_LEVELS)
    return (
        sorted({round(value) for value in values}) if choice.integer else [float(value) for value in values]
    )
