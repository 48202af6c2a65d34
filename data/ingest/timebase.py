"""One time base for all runs of a study, by a stated rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from fieldwright.data.errors import RunRejected, StoreError

# The share of the runs that a rule must keep to be proposed: a few may have stopped early.
_NEARLY_ALL = 0.9
CYCLES = ("periodic", "mean")
"""Rules by which a run is reduced in time as it is read."""


@dataclass(frozen=True)
class TimeRule:
    """How runs of unequal times come together.

    exact: every run has the times of the first one, each within `tolerance` times the smallest step.
    overlap: linear interpolation to the times of the coarsest run within the interval that all runs cover; a
        run must cover at least the share `least` of the first one's interval.
    last: the last time alone.
    periodic: each run becomes one period of `phases` even phases, all in common phase; see `data.ingest.cycles`.
    mean: each run becomes its mean over the time and its fluctuation.

    start: time from which on the last two look at a run, None for its first one. largest_change: share of the
    fluctuation by which a run may fail to repeat. length, speed: of the Strouhal number, or the parameters that give
    them.
    """

    rule: Literal["exact", "overlap", "last", "periodic", "mean"] = "exact"
    tolerance: float = 1e-3
    least: float = 0.9
    start: float | None = None
    phases: int = 32
    largest_change: float = 0.1
    length: float | str | None = None
    speed: float | str | None = None

    def key(self) -> dict[str, Any]:
        """What the values of a run depend on; of the rules that there were first, as it was then."""
        everything = asdict(self)
        if self.rule in CYCLES:
            return everything
        return {name: everything[name] for name in ("rule", "tolerance", "least")}


def check_times(times: np.ndarray | None, reference: np.ndarray | None, rule: TimeRule) -> None:
    """Raises RunRejected ("missing time steps") where a run's times cannot come to the reference's base."""
    if rule.rule in ("last", *CYCLES):
        return
    times_of_run, first = _as_array(times), _as_array(reference)
    if rule.rule == "overlap" and len(times_of_run) > 1 and len(first) > 1:
        shared = min(times_of_run[-1], first[-1]) - max(times_of_run[0], first[0])
        if shared < rule.least * (first[-1] - first[0]):
            raise _missing(
                f"A run must cover {rule.least:.0%} of the time from {first[0]:g} to {first[-1]:g}",
                f"times from {times_of_run[0]:g} to {times_of_run[-1]:g}",
            )
        return
    if len(times_of_run) != len(first):
        raise _missing(
            f"A run must have the {len(first)} times of the first one" + _span(first),
            f"{len(times_of_run)} times" + _span(times_of_run),
        )
    off = np.abs(times_of_run - first)
    if len(times_of_run) > 1 and off.max() > rule.tolerance * np.diff(first).min():
        worst = int(off.argmax())
        raise _missing(
            f"Time {worst + 1} of a run must be {first[worst]:g} as in the first one",
            f"{times_of_run[worst]:g}",
        )


def proposed_rule(all_times: Sequence[np.ndarray | None]) -> tuple[TimeRule, str]:
    """A rule under which nearly all of these runs come together, and why; the first one is the reference.

    `exact` where the times agree; `overlap` where they differ and the runs cover nearly the same time; else `last`.
    """
    arrays = [_as_array(times) for times in all_times]
    enough = _NEARLY_ALL * len(arrays)

    def n_passing(rule: TimeRule) -> int:
        return sum(_passes(times, arrays[0], rule) for times in arrays)

    exact = TimeRule("exact")
    if n_passing(exact) >= enough:
        return exact, "all runs have the same times"
    ends = [float(times[-1]) for times in arrays]
    span = f"{min(ends):g} to {max(ends):g}"
    if min(len(times) for times in arrays) > 1:
        common = min(ends) - max(float(times[0]) for times in arrays)
        longest = max(float(times[-1] - times[0]) for times in arrays)
        overlap = TimeRule("overlap")
        if common >= overlap.least * longest and n_passing(overlap) >= enough:
            return overlap, f"the runs have times of their own; they end at {span}"
    return TimeRule("last"), f"the runs end at different times, {span}: the last state of each"


def _passes(times: np.ndarray, reference: np.ndarray, rule: TimeRule) -> bool:
    try:
        check_times(times, reference, rule)
    except RunRejected:
        return False
    return True


def ended_early(times: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The last times of the transient runs that end well before the most do, by run.

    times: of each run. "Well": by more than a hundredth of the time that the most cover; "the most": the median.
    """
    ends = {name: times_of_run[-1] for name, times_of_run in times.items() if len(times_of_run) > 1}
    if len(ends) < 3:
        return {}
    usual, start = (
        float(np.median(list(ends.values()))),
        min(times_of_run[0] for times_of_run in times.values() if len(times_of_run) > 1),
    )
    return {name: end for name, end in ends.items() if end < usual - 0.01 * (usual - start)}


def common_times(all_times: Sequence[np.ndarray | None], rule: TimeRule) -> np.ndarray | None:
    """The times of the base, (t,); None where it has one time alone. Raises StoreError without overlap."""
    arrays = [_as_array(times) for times in all_times]
    if rule.rule == "periodic":
        return np.linspace(0.0, 1.0, rule.phases + 1)
    if rule.rule == "last" or all(len(times) == 1 for times in arrays):
        return None
    if rule.rule == "exact":
        return arrays[0]
    start, end = max(times[0] for times in arrays), min(times[-1] for times in arrays)
    slack = rule.tolerance * min(np.diff(times).min() for times in arrays)
    within = [times[(times >= start - slack) & (times <= end + slack)] for times in arrays]
    coarsest = min(within, key=len)
    if len(coarsest) < 2:
        raise StoreError(
            "The runs must share a stretch of time with two or more steps",
            f"times from {start:g} to {end:g} in common",
            "Leave out the short runs, or take the rule 'last'",
        )
    return np.clip(coarsest, start, end)


def resample_in_time(
    values: np.ndarray, times: np.ndarray | None, base: np.ndarray | None, rule: TimeRule
) -> np.ndarray:
    """Values (t, ...) at `times` brought to the base: (b, ...), or (1, ...) where the base is one time."""
    if base is None:
        return values[-1:]
    times_of_run = _as_array(times)
    if rule.rule == "periodic":
        return shifted(values, times_of_run[0])
    if rule.rule == "exact" or (len(times_of_run) == len(base) and np.array_equal(times_of_run, base)):
        return values
    right = np.clip(np.searchsorted(times_of_run, base), 1, len(times_of_run) - 1)
    left = right - 1
    share = (base - times_of_run[left]) / (times_of_run[right] - times_of_run[left])
    share = share.astype(values.dtype).reshape(-1, *[1] * (values.ndim - 1))
    return values[left] * (1 - share) + values[right] * share


def shifted(values: np.ndarray, phase: float) -> np.ndarray:
    """A period of values (k + 1, ...) at even phases from 0 to 1, its end once more, from minus this phase on.

    It is a trigonometric polynomial through its values: u_h of wave h becomes u_h exp(-2 pi i h phase).
    """
    waves = np.fft.rfft(values[:-1].astype(np.float64), axis=0)
    turn = np.exp(-2j * np.pi * phase * np.arange(len(waves))).reshape(-1, *[1] * (values.ndim - 1))
    period = np.fft.irfft(waves * turn, n=len(values) - 1, axis=0)
    return np.concatenate([period, period[:1]]).astype(values.dtype)


def _as_array(times: np.ndarray | None) -> np.ndarray:
    return np.zeros(1) if times is None else np.asarray(times, dtype=np.float64)


def _span(times: np.ndarray) -> str:
    return f" ({times[0]:g} to {times[-1]:g})" if len(times) > 1 else ""


def _missing(must: str, got: str) -> RunRejected:
    return RunRejected(
        "missing time steps",
        must,
        got,
        "Run the case again to its end, or choose another time rule in the study",
    )
