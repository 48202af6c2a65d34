"""The promotion rule: when the best candidate takes the champion's place, and the decision in words and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from fieldwright.flows.tracking.model_registry import ModelVersion
from fieldwright.flows.tracking.versions.challenger import DATA
from fieldwright.flows.tracking.versions.gates import Gate

CHANCE = 0.05
"""Probability below which a difference over the runs is taken for more than chance."""
MOST_NAMES = 200
"""Of the runs that were compared; the decision holds no more, but their number and digest."""


@dataclass(frozen=True)
class Comparison:
    """How the challenger does beside the champion, `version`, on the same samples.

    runs: how many were compared. new: how many of them the champion has not learned from, which it predicts as it is;
    for the others stand the errors of both when they were held out. factor: the champion's mean error over the
    challenger's. better, worse: probabilities of so large a difference, or so small a one, by chance: the permutation
    test of pairs. outside: share of the samples outside the domain of the champion; those of the challenger are all
    inside. samples: what they are, in the plural. error: by which both are compared. names: of those compared, the
    first MOST_NAMES. digest: of what all of them hold.
    """

    version: str
    runs: int
    new: int
    factor: float
    better: float
    worse: float
    outside: float
    samples: str = "runs"
    error: str = "mean relative L2 error"
    names: tuple[str, ...] = ()
    digest: str = ""

    @property
    def sentence(self) -> str:
        """The figures in words."""
        new = f", {self.new} of them new to it" if self.new else ""
        text = f"on the same {self.runs} {self.samples}{new}, version {self.version} has {self.factor:.3g} times "
        text += f"its error (chance {min(self.better, self.worse):.2g})"
        return text + (f", and {self.outside:.0%} of them lie outside its domain" if self.outside else "")

    def as_dict(self) -> dict[str, Any]:
        """The comparison as plain JSON types."""
        return asdict(self)


@dataclass(frozen=True)
class Challenge:
    """What a challenger is up against.

    champion: None while there is none. gates: those that hold for every family, with the challenger's numbers. data:
    the digest of what its score was measured on.
    """

    champion: ModelVersion | None = None
    gates: tuple[Gate, ...] = ()
    data: str = ""


@dataclass(frozen=True)
class Decision:
    """Whether to promote, and why, in one sentence for people.

    gates: all that were checked. compared: what was compared with what, in words. comparison: its numbers, None where
    scores were compared, or nothing. champion: the version that was champion; empty for none.
    """

    promote: bool
    why: str
    gates: tuple[Gate, ...] = ()
    compared: str = ""
    comparison: Comparison | None = None
    champion: str = ""

    @property
    def winner(self) -> str:
        """Who serves from now on: challenger or champion."""
        return "challenger" if self.promote else "champion" if self.champion else "nobody"

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain JSON types."""
        return {
            "promoted": self.promote,
            "winner": self.winner,
            "why": self.why,
            "champion": self.champion,
            "compared": self.compared,
            "comparison": None if self.comparison is None else self.comparison.as_dict(),
            "gates": [gate.as_dict() for gate in self.gates],
            "failed": [gate.name for gate in self.gates if not gate.passed],
        }

    def tags(self) -> dict[str, str]:
        """What a version and its pipeline are searched by."""
        tags = {
            "decision": "promoted" if self.promote else "not promoted",
            "decision.why": self.why[:4000],
            "decision.champion": self.champion,
            "decision.compared": self.compared[:4000],
            "decision.failed": ", ".join(gate.name for gate in self.gates if not gate.passed)[:4000],
        }
        if self.comparison is not None:
            one = self.comparison
            tags |= {"decision.factor": f"{one.factor:.6g}", "decision.samples": str(one.runs)}
            tags["decision.digest"] = one.digest
        return tags

    def markdown(self) -> str:
        """The decision for MLflow's pages: the sentence, what was compared, the gates as a table."""
        lines = [f"**{'Promoted' if self.promote else 'Not promoted'}**: {self.why}."]
        if self.compared:
            lines += ["", f"Compared: {self.compared}."]
        if self.gates:
            lines += ["", "| gate | value | limit | |", "|---|---|---|---|"]
            lines += [f"| {' | '.join(row)} |" for row in gate_rows(self.gates)]
        return "\n".join(lines)


def gate_rows(gates: Sequence[Gate]) -> list[tuple[str, str, str, str]]:
    """Each gate as the cells of a table: name, value, limit, passed or failed."""
    return [
        (
            gate.name,
            gate.measured,
            f"{'at most' if gate.at_most else 'at least'} {replace(gate, value=gate.limit, low=None).measured}",
            "passed" if gate.passed else "FAILED",
        )
        for gate in gates
    ]


def refused_by_gates(gates: Sequence[Gate]) -> Decision | None:
    """The refusal that names every gate that failed; None where all are met."""
    failed = [gate.sentence for gate in gates if not gate.passed]
    return Decision(False, "; ".join(failed), tuple(gates)) if failed else None


def decide_by_comparison(
    comparison: Comparison, min_improvement: float, gates: Sequence[Gate] = ()
) -> Decision:
    """Compares both on the same samples: scores of other runs say nothing.

    The challenger takes the place where its errors are smaller by more than chance and by the share that the rule
    wants; or where they are no worse, and the champion's domain leaves samples outside.
    """
    share = f", {comparison.new} of them new to the champion" if comparison.new else ""
    compared = (
        f"{comparison.error} of both on the same {comparison.runs} {comparison.samples}{share}, "
        f"digest {comparison.digest[:12] or 'unknown'}"
    )
    better = comparison.better < CHANCE and comparison.factor * (1.0 - min_improvement) > 1.0
    covers = comparison.outside > 0.0 and not comparison.worse < CHANCE
    sentence = comparison.sentence
    if not better:
        sentence = (
            f"{sentence}: it covers them"
            if covers
            else f"it does not beat version {comparison.version}: {sentence}"
        )
    return Decision(better or covers, sentence, tuple(gates), compared, comparison, comparison.version)


def no_better_than(trivial: str, beside: str, gates: Sequence[Gate] = ()) -> Decision:
    """The refusal of a model that is no better than a trivial answer; beside: the numbers of both."""
    return Decision(
        False,
        f"it is no better than {trivial}: {beside}. 'allow_no_better' in [promotion] promotes it all the same",
        tuple(gates),
    )


def decide_by_score(
    score: float, metric: str, min_improvement: float, challenge: Challenge, gates: Sequence[Gate] = ()
) -> Decision:
    """Compares a score, of which lower is better, with the present champion's, and says what the two are of."""
    champion = challenge.champion
    if champion is None:
        return Decision(True, "there is no champion yet and every limit holds", tuple(gates))
    version, other = champion.version, champion.tags.get("metric")
    if other != metric:
        return Decision(
            True,
            f"version {version} was scored by {other or 'no metric'}, which says nothing of {metric}, and every "
            "limit holds",
            tuple(gates),
            f"nothing: the scores are of two metrics, {other or 'none'} and {metric}",
            champion=version,
        )
    present = float(champion.tags["score"])
    same = champion.tags.get(DATA) == challenge.data
    compared = f"{metric} of both on the same data" if same else f"{metric} of each on data of its own"
    promote = score < present * (1.0 - min_improvement)
    beside = f" by {min_improvement:.0%}" if min_improvement and not promote else ""
    why = f"its score {score:.4g} {'beats' if promote else 'does not beat'} version {version}'s {present:.4g}{beside}"
    if not same:
        why += f", which is of other data: version {version} could not be evaluated on the present ones"
    return Decision(promote, why, tuple(gates), compared, champion=version)
