"""Physics-informed training: ours by default and with each cure, and plain DeepXDE in the same CPU time.

    python -m benchmarks.pinn results.jsonl --recipe default --seeds 0 1 2       (from the root of the checkout)
    python -m benchmarks.pinn results.jsonl --recipe plain
    python -m benchmarks.pinn results.jsonl --problem burgers --recipe causal default+causal --budget-seconds 200
    python -m benchmarks.pinn results.jsonl --table --figure pinn.png

Recipes: "default", the equation's own plan; "plain" and "plain64", DeepXDE by itself in single and in double
precision; a cure's name, added to a plain network with hard conditions, Adam and L-BFGS; "default+" and a cure's
name. "plain" and the cures get the CPU seconds that "default" took in the same file, unless --budget-seconds says
otherwise.

Every training runs in a process of its own with one thread; CPU and wall seconds are its own, after imports. Errors
are relative, in the mean square, on 10,000 points that no training sees; of inverse problems that of the worst
coefficient.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.pinn.cases import CASES
from benchmarks.pinn.cures import CURES, PLAIN_NETWORK, without_own_features
from benchmarks.pinn.report import draw, table
from fieldwright.physics.equations.problem import Problem
from fieldwright.physics.equations.problems import problem_named
from fieldwright.physics.pinn.checkpoint import read_checkpoint
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.pinn import train_pinn
from fieldwright.physics.pinn.progress import Progress
from fieldwright.physics.pinn.training_plan import TrainingPlan

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
TEST_SEED, TEST_POINTS = 2026, 10_000


def plan_of(problem: Problem, recipe: str) -> tuple[Problem, TrainingPlan]:
    """The problem as the recipe sees it, and how it trains."""
    default = problem.plan or TrainingPlan()
    if recipe == "default":
        return problem, default
    if recipe.startswith("default+"):
        return problem, CURES[recipe.removeprefix("default+")](default)
    return without_own_features(problem), CURES[recipe](PLAIN_NETWORK)


def measure(name: str, recipe: str, seed: int, seconds: float | None, device: str) -> dict[str, Any]:
    """One training: errors, residual, CPU and wall seconds, and the way there as (CPU seconds, error)."""
    importlib.import_module("torch._dynamo")  # or the first step of Adam would, for seconds
    case = CASES[name]
    problem = problem_named(case.problem)
    measured = case.measured(problem)
    points = problem.points(TEST_POINTS, np.random.default_rng(TEST_SEED))
    way: list[tuple[float, float]] = []
    found: dict[str, Any] = {}

    def error(values: np.ndarray) -> float | None:
        return None if problem.reference is None else problem.relative_error(values, points)

    wall = time.perf_counter()
    if recipe in ("plain", "plain64"):
        from benchmarks.pinn.plain import train_plain

        def look(spent: float, solution) -> None:
            if (reached := error(solution(points))) is not None:
                way.append((spent, reached))

        if seconds is None:
            raise SystemExit(f"'{recipe}' needs --budget-seconds, or results of 'default' in the same file")
        precision = "float64" if recipe == "plain64" else "float32"
        solution, estimates, cpu = train_plain(
            problem, seconds, seed, precision, case.estimated, measured, look
        )
        values = solution(points)
    else:
        seen, plan = plan_of(problem, recipe)
        if seconds is not None:
            plan = replace(plan, seconds=seconds)
        judging = 0.0
        with tempfile.TemporaryDirectory() as folder:
            checkpoint = Path(folder) / "training.safetensors"
            network = SolutionNetwork(seen, plan.architecture, seed, (), case.estimated)

            def look_at(progress: Progress) -> None:
                nonlocal judging
                begun = time.process_time()
                theta = read_checkpoint(checkpoint)[1]["best_theta"]
                network.assign(network.flat().new_tensor(theta))
                reached = error(network(network.flat().new_tensor(points)).detach().numpy())
                if reached is not None:
                    way.append((progress.seconds, reached))
                judging += time.process_time() - begun

            begun = time.process_time()
            pinn = train_pinn(
                seen,
                plan,
                seed,
                (),
                case.estimated,
                measured,
                progress=look_at,
                checkpoint=checkpoint,
                device=device,
            )
            cpu = time.process_time() - begun - judging
        values, estimates = pinn.predict(points), pinn.estimates
        found = {
            "verdict": pinn.verdict,
            "residual": pinn.residual,
            "bound": pinn.error,
            "optimiser": pinn.optimiser,
            "weights": len(pinn.network.flat()),
            "points": plan.sampling.points,
        }
    wall = time.perf_counter() - wall
    off = {n: abs(value / problem.values[n] - 1) for n, value in estimates.items()}
    return found | {
        "case": name,
        "recipe": recipe,
        "seed": seed,
        "error": max(off.values()) if off else error(values),
        "field_error": error(values),
        "coefficients": off,
        "cpu": cpu,
        "wall": wall,
        "way": way,
        "device": device,
    }


def run(name: str, recipe: str, seed: int, seconds: float | None, device: str) -> dict[str, Any] | None:
    """The training in a process of its own; None with a line printed where it fails."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.pinn", "--child", "-"]
    command += ["--problem", name, "--recipe", recipe, "--seeds", str(seed), "--device", device]
    if seconds is not None:
        command += ["--budget-seconds", str(seconds)]
    environment = os.environ | dict.fromkeys(THREADS, "1")
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        print(f"{name}, {recipe}, seed {seed}: left out, {reason}", flush=True)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def kept(file: Path) -> list[dict[str, Any]]:
    """The results in a file; of two of the same case, recipe and seed the later one."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    results = [json.loads(line) for line in lines]
    return list({(r["case"], r["recipe"], r["seed"]): r for r in results}.values())


def same_time(results: list[dict[str, Any]], name: str) -> float | None:
    """The mean CPU seconds of our default."""
    spent = [r["cpu"] for r in results if r["case"] == name and r["recipe"] == "default"]
    return float(np.mean(spent)) if spent else None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="results, one JSON object a line; new ones are appended")
    parser.add_argument("--problem", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--recipe", nargs="+", default=["default"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--budget-seconds", type=float, help="of the processor, for every training")
    parser.add_argument("--table", action="store_true", help="print what the file holds, and train nothing")
    parser.add_argument("--figure", type=Path, help="draw error against CPU seconds")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        print(
            json.dumps(
                measure(asked.problem[0], asked.recipe[0], asked.seeds[0], asked.budget_seconds, asked.device)
            )
        )
        return
    for name in asked.problem if not asked.table else []:
        for recipe in asked.recipe:
            for seed in asked.seeds:
                seconds = asked.budget_seconds
                if seconds is None and recipe != "default":
                    seconds = same_time(kept(asked.file), name)
                if (result := run(name, recipe, seed, seconds, asked.device)) is None:
                    continue
                with asked.file.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(result) + "\n")
                summary = (
                    f"{result['cpu']:.0f} CPU s, {result['wall']:.0f} wall s, {result.get('verdict', '')}"
                )
                print(f"{name}, {recipe}, seed {seed}: {result['error']:.1e}, {summary}", flush=True)
    results = kept(asked.file)
    print(table(results, {name: asdict(case) for name, case in CASES.items()}))
    if asked.figure:
        draw(results, asked.figure)


if __name__ == "__main__":
    main()
