"""Solves an equation: trains one network or several and reports success, or a failure with its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from fieldwright.physics.pinn.coefficient_errors import CoefficientEstimate, coefficient_estimates
from fieldwright.physics.pinn.corrected_network import Correction, corrected
from fieldwright.physics.pinn.diagnosis import Finding
from fieldwright.physics.pinn.pinn import Pinn, train_pinn
from fieldwright.physics.pinn.profile_likelihood import Interval, interval_text, profile_intervals
from fieldwright.physics.pinn.progress import Progress
from fieldwright.surrogates.equations.agreement import disagreement
from fieldwright.surrogates.equations.case import EquationCase
from fieldwright.surrogates.equations.description import (
    FindingInfo,
    OutputInfo,
    ParameterAccuracy,
    SolutionDescription,
    Verdict,
)
from fieldwright.surrogates.equations.error_estimate import COARSE, error_table
from fieldwright.surrogates.equations.error_table import ErrorTable
from fieldwright.surrogates.equations.region import Region
from fieldwright.surrogates.equations.settings import PinnConfig
from fieldwright.surrogates.equations.solution_surrogate import SolutionSurrogate
from fieldwright.surrogates.equations.tensor_graph import BATCH, TensorGraph
from fieldwright.surrogates.fields.description import ParameterInfo

UNEVEN = 5.0
"""Times the tolerance: so large may the residual be at one set of parameters where the mean over all is within it."""
FEWEST = 2
"""Converged networks that several must have among them: one alone has no spread."""

Estimates = dict[str, CoefficientEstimate]


@dataclass(frozen=True, eq=False)
class Solved:
    """What became of one candidate: all its networks, those that answer, and the model made of these."""

    pinns: tuple[Pinn, ...]
    answering: tuple[Pinn, ...]
    surrogate: SolutionSurrogate

    @property
    def verdict(self) -> Verdict:
        """Success, or the first failure."""
        return self.surrogate.description.verdict


def solve(
    case: EquationCase,
    config: PinnConfig,
    *,
    seed: int,
    name: str,
    label: str = "pinn",
    folder: Path | None = None,
    progress: Callable[[int, Progress], None] | None = None,
) -> Solved:
    """Trains every network of a candidate and makes a model of those that converged, or of all if too few did.

    name: of the study; label: of the candidate. folder: for checkpoints, from which a broken training goes on.
    progress: called after every stage with the number of the network.
    Raises FieldwrightError where the equation, its reference or the settings are wrong.
    """

    def report(i: int, state: Progress) -> None:
        if progress is not None:
            progress(i, state)

    digest = case.digest(config, seed)
    pinns = tuple(
        train_pinn(
            case.problem,
            config.plan,
            seed + i,
            varied=case.varied,
            estimated=case.estimated,
            measured=case.measured,
            progress=partial(report, i),
            checkpoint=None if folder is None else folder / f"{digest}-{i}.safetensors",
            device=config.device,
        )
        for i in range(config.members)
    )
    sound = tuple(pinn for pinn in pinns if pinn.verdict == "converged")
    enough = len(sound) >= min(FEWEST, config.members)
    answering = sound if enough else pinns
    rng = np.random.default_rng(seed)
    graphs = []
    for pinn in answering:
        network = pinn.network.to("cpu")
        graphs.append(TensorGraph.recorded(network, torch.from_numpy(network.inputs(2 * BATCH, rng))))
    region = Region.of(case.problem)
    errors = error_table(case, answering, seed)
    doubts = [_uneven(case, errors, config.tolerance)]
    if len(sound) > 1:
        doubts.insert(0, disagreement(case, sound, config.tolerance, seed))
    findings = tuple(one for one in doubts if one is not None)
    description = _description(case, config, pinns, answering, region, errors, findings, seed, name, label)
    return Solved(pinns, answering, SolutionSurrogate(description, region, tuple(graphs), errors))


def _uneven(case: EquationCase, errors: ErrorTable, tolerance: float) -> Finding | None:
    """The finding "not converged" where the mean over all parameters hides some at which the residual is large."""
    worst = int(np.argmax(errors.residuals))
    if not case.varied or errors.residuals[worst] <= UNEVEN * tolerance:
        return None
    where = ", ".join(f"{n} = {v:g}" for n, v in zip(case.varied, errors.sets[worst], strict=True))
    return Finding(
        "not converged",
        f"relative residual {errors.residuals[worst]:.1e} at {where} against a tolerance of {tolerance:.1e}",
        "Narrow the range, train for more rounds, or with a larger network",
    )


def _description(
    case: EquationCase,
    config: PinnConfig,
    pinns: Sequence[Pinn],
    answering: Sequence[Pinn],
    region: Region,
    errors: ErrorTable,
    doubts: Sequence[Finding],
    seed: int,
    name: str,
    label: str,
) -> SolutionDescription:
    problem = case.problem
    failed = [pinn for pinn in pinns if pinn.verdict != "converged"]
    # Where too few converged, the first failure tells why the candidate is none.
    telling = failed[0] if failed and len(answering) == len(pinns) else answering[0]
    findings = telling.findings
    if findings[0].name == "converged" and doubts:
        findings = tuple(doubts)
    worst = errors.worst(len(case.varied))
    bounds = [pinn.error for pinn in answering if pinn.error is not None]
    low, high = region.low.tolist(), region.high.tolist()
    varied = [problem.unknown(one) for one in case.varied]
    estimates = {one: float(np.mean([pinn.estimates[one] for pinn in answering])) for one in case.estimated}
    fixed = {
        one: value for one, value in problem.values.items() if one not in (*case.varied, *case.estimated)
    }
    scale = problem.scale(problem.points(1000, np.random.default_rng(seed)))
    corrections = _estimated_anew(case, answering, scale, seed)
    stds = _standard_errors(case, answering, [one for _, one in corrections])
    intervals = (
        _intervals(answering[0], corrections[0], scale, seed) if config.profile and corrections else {}
    )
    return SolutionDescription(
        name=name,
        equation=problem.name,
        coordinates=tuple(
            ParameterInfo(name=one, unit=case.unit(one), minimum=low[i], maximum=high[i])
            for i, one in enumerate(problem.coordinates)
        ),
        parameters=tuple(
            ParameterInfo(name=one.name, unit=case.unit(one.name), minimum=one.low, maximum=one.high)
            for one in varied
        ),
        outputs=tuple(OutputInfo(name=one, unit=case.unit(one)) for one in problem.outputs),
        coefficients=fixed,
        estimates=estimates,
        estimate_stds=stds,
        estimate_intervals=intervals,
        verdict=Verdict(
            candidate=label,
            residual=max(pinn.residual for pinn in answering),
            findings=tuple(FindingInfo(name=one.name, sign=one.sign, advice=one.advice) for one in findings),
        ),
        tolerance=config.tolerance,
        # The mean of several is no farther off than the farthest of them.
        error_bound=max(bounds) if len(bounds) == len(answering) else None,
        errors=case.reference_error(lambda x: np.mean([pinn.predict(x) for pinn in answering], axis=0)),
        accuracy=tuple(
            ParameterAccuracy(
                parameters=dict(zip(case.varied, errors.sets[i].tolist(), strict=True)),
                residual=float(errors.residuals[i]),
                errors=dict(zip(problem.outputs, worst[i].tolist(), strict=True)),
                left=float(errors.left[i]),
            )
            for i in range(len(errors.sets))
        ),
        members=len(answering),
        measured=0 if case.measured is None else int(np.isfinite(case.measured.values).sum()),
        seed=seed,
        settings={"candidate": config.model_dump()},
        notes=(
            *_notes(case, pinns, answering, region, errors),
            *(
                f"{one} = {estimates[one]:.6g} with a standard error of {std:.2g}"
                for one, std in stds.items()
            ),
            *(f"{one} lies {interval_text(ends)}" for one, ends in intervals.items()),
        ),
    )


def _estimated_anew(
    case: EquationCase, answering: Sequence[Pinn], scale: float, seed: int
) -> list[tuple[Correction, Estimates]]:
    """Each network corrected with the measurements, and its estimates; [] where none is to be had."""
    if case.measured is None or not case.estimated or case.varied:
        return []
    corrections = []
    for pinn in answering:
        assert pinn.measured is not None
        correction = corrected(pinn.network, np.zeros(0), scale, pinn.measured, seed)
        corrections.append((correction, coefficient_estimates(correction, scale, pinn.measured, seed)))
    return corrections


def _intervals(
    pinn: Pinn, anew: tuple[Correction, Estimates], scale: float, seed: int
) -> dict[str, Interval]:
    """By profile likelihood, of one network: the equation is a constraint there, whatever the training left."""
    assert pinn.measured is not None
    return profile_intervals(*anew, scale, pinn.measured, seed=seed)


def _standard_errors(
    case: EquationCase, answering: Sequence[Pinn], estimates: Sequence[Estimates]
) -> dict[str, float]:
    """Of each estimate pooled over networks: the noise's share, and the spread of the networks beside it."""
    if not estimates:
        return {}
    stds = {}
    for name in case.estimated:
        noise = np.mean([one[name].std ** 2 for one in estimates])
        training = np.var([pinn.estimates[name] for pinn in answering])
        stds[name] = float(np.sqrt(noise + training))
    return stds


def _notes(
    case: EquationCase,
    pinns: Sequence[Pinn],
    answering: Sequence[Pinn],
    region: Region,
    errors: ErrorTable,
) -> list[str]:
    notes = []
    if len(answering) < len(pinns):
        verdicts = ", ".join(pinn.verdict for pinn in pinns if pinn.verdict != "converged")
        notes.append(
            f"{len(answering)} of {len(pinns)} networks converged and answer; the others are {verdicts}"
        )
    poor = int(np.argmax(errors.left))
    if errors.left[poor] > COARSE and case.measured is None:  # noise leaves a residual of its own
        where = ", ".join(f"{n} = {v:g}" for n, v in zip(case.varied, errors.sets[poor], strict=True))
        notes.append(
            f"The estimate of the error explains {1 - errors.left[poor]:.0%} of the residual"
            f"{f' at {where}' if where else ''}: it is coarse there"
        )
    if not region.exact:
        notes.append(
            "The domain is described by its box alone, as its shape is none that could be kept without code"
        )
    return notes
