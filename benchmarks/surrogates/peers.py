"""Other libraries' surrogates of fields: EZyRB's POD with its approximators, and PyDMD's parametric DMD.

Imports are inside, so that a process holds only what its method needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

import numpy as np

Predictor = Callable[[np.ndarray], np.ndarray]
Setting = tuple[str, Callable[[np.ndarray, np.ndarray], Predictor]]

FIELD_METHODS = (
    "EZyRB RBF",
    "EZyRB RBF, scaled parameters",
    "EZyRB RBF, log parameters",
    "EZyRB GPR",
    "EZyRB ANN",
)
RANKS = (-1, 8, 16, 40)
POLYHARMONIC = ("thin_plate_spline", "cubic", "quintic", "linear")
SHAPED = ("multiquadric", "inverse_multiquadric", "inverse_quadratic", "gaussian")
EPSILONS = (None, 0.1, 1.0, 10.0)
EPOCHS = 5000


def field_settings(method: str) -> Iterator[Setting]:
    """The settings of a method by name, stock first."""
    yield from {
        "EZyRB RBF": partial(_rbf, _as_given),
        "EZyRB RBF, scaled parameters": partial(_rbf, _scaled),
        "EZyRB RBF, log parameters": partial(_rbf, _logarithms),
        "EZyRB RBF, time as parameter": _rbf_in_time,
        "EZyRB GPR": _gpr,
        "EZyRB ANN": _ann,
        "PyDMD": _dmd,
    }[method]()


def _pod(rank: int, x: np.ndarray, values: np.ndarray, approximation: Any) -> Predictor:
    """EZyRB's reduced order model of snapshots (n, ...): POD, then an approximation of its coordinates."""
    from ezyrb import POD, Database
    from ezyrb import ReducedOrderModel as ROM

    snapshots = values.reshape(len(values), -1).astype(np.float64)
    rank = rank if rank < min(snapshots.shape) else -1
    rom = ROM(Database(x, snapshots), POD("svd", rank=rank), approximation).fit()
    return lambda queries: rom.predict(queries)


def _as_given(x: np.ndarray, queries: np.ndarray) -> np.ndarray:
    return queries


def _scaled(x: np.ndarray, queries: np.ndarray) -> np.ndarray:
    low, high = x.min(axis=0), x.max(axis=0)
    return (queries - low) / (high - low)


def _logarithms(x: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Scaled logarithms of the positive parameters."""
    positive = (x > 0.0).all(axis=0)
    return _scaled(
        *(np.where(positive, np.log(np.where(positive, some, 1.0)), some) for some in (x, queries))
    )


SCALES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "as given": _as_given,
    "scaled": _scaled,
    "logarithms": _logarithms,
}
"""Of the parameters, from those of the runs and of the queries."""


def _rbf(scale: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Iterator[Setting]:
    from ezyrb import RBF

    def build(rank: int, kernel: str, epsilon: float | None, x: np.ndarray, values: np.ndarray) -> Predictor:
        predict = _pod(rank, scale(x, x), values, RBF(kernel=kernel, epsilon=epsilon))
        return lambda queries: predict(scale(x, queries))

    shaped = [*product(POLYHARMONIC, (None,)), *product(SHAPED, EPSILONS)]
    for rank, (kernel, epsilon) in product(RANKS, shaped):
        name = kernel if epsilon is None else f"{kernel} {epsilon:g}"
        yield f"{name}, {shown_rank(rank)}", partial(build, rank, kernel, epsilon)


def _rbf_in_time() -> Iterator[Setting]:
    from ezyrb import RBF

    def build(log: bool, rank: int, kernel: str, x: np.ndarray, values: np.ndarray) -> Predictor:
        n, times = values.shape[:2]
        steps = np.linspace(0.0, 1.0, times)

        def with_time(queries: np.ndarray) -> np.ndarray:
            # On unscaled parameters the time would not count beside a heat flux.
            unit = _logarithms(x, queries) if log else _scaled(x, queries)
            return np.column_stack([np.repeat(unit, times, axis=0), np.tile(steps, len(queries))])

        predict = _pod(rank, with_time(x), values.reshape(n * times, -1), RBF(kernel=kernel))
        return lambda queries: predict(with_time(queries)).reshape(len(queries), -1)

    for log, rank, kernel in product((False, True), (-1, 10, 20), POLYHARMONIC):
        name = f"{kernel} of logarithms" if log else kernel
        yield f"{name}, {shown_rank(rank)}", partial(build, log, rank, kernel)


def _gpr() -> Iterator[Setting]:
    from ezyrb import GPR
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern, WhiteKernel

    def stock(x: np.ndarray, values: np.ndarray) -> Predictor:
        return _pod(-1, x, values, GPR())

    def build(rank: int, kernel: Any, noisy: bool, x: np.ndarray, values: np.ndarray) -> Predictor:
        made = ConstantKernel(1.0, (1e-3, 1e8)) * kernel(np.ones(x.shape[1]), (1e-3, 1e4))
        made = made + WhiteKernel(1e-6, (1e-14, 1.0)) if noisy else made
        return _pod(rank, x, values, GPR(kern=made, optimization_restart=0))

    yield f"stock, {shown_rank(-1)}", stock
    kernels = {"RBF": RBF, "Matern 5/2": partial(Matern, nu=2.5)}
    for rank, name, noisy in product((16, 8), kernels, (True, False)):
        what = f"{name} and noise" if noisy else name
        yield f"{what}, {shown_rank(rank)}", partial(build, rank, kernels[name], noisy)


def _ann() -> Iterator[Setting]:
    from ezyrb import ANN
    from torch import nn, random

    def build(rank: int, layers: list[int], scaled: bool, x: np.ndarray, values: np.ndarray) -> Predictor:
        from ezyrb import POD
        from sklearn.preprocessing import MinMaxScaler

        random.manual_seed(0)
        network = ANN(layers, nn.Tanh(), [EPOCHS, 1e-12], frequency_print=EPOCHS)
        if not scaled:
            return _pod(rank, x, values, network)
        snapshots = values.reshape(len(values), -1).astype(np.float64)
        pod = POD("svd", rank=rank).fit(snapshots.T)
        latent = pod.transform(snapshots.T).T
        inputs, outputs = MinMaxScaler().fit(x), MinMaxScaler().fit(latent)
        network.fit(inputs.transform(x), outputs.transform(latent))

        def predict(queries: np.ndarray) -> np.ndarray:
            reduced = outputs.inverse_transform(network.predict(inputs.transform(queries)))
            return pod.inverse_transform(reduced.T).T

        return predict

    yield f"16-64-64, {shown_rank(-1)}", partial(build, -1, [16, 64, 64], False)
    for rank, layers in product((10, 5), ([16, 64, 64], [32, 32])):
        name = "-".join(map(str, layers))
        yield f"{name}, scaled, {shown_rank(rank)}", partial(build, rank, layers, True)


def _dmd() -> Iterator[Setting]:
    from ezyrb import POD, RBF
    from pydmd import DMD, ParametricDMD

    def build(
        together: bool, rank: int, dmd_rank: int, kernel: str, x: np.ndarray, values: np.ndarray
    ) -> Predictor:
        n, times = values.shape[:2]
        low, high = x.min(axis=0), x.max(axis=0)
        dmd = DMD(svd_rank=dmd_rank) if together else [DMD(svd_rank=dmd_rank) for _ in range(n)]
        model = ParametricDMD(dmd, POD("svd", rank=rank), RBF(kernel=kernel))
        snapshots = values.reshape(n, times, -1).swapaxes(1, 2).astype(np.float64)
        model.fit(snapshots, (x - low) / (high - low))

        def predict(queries: np.ndarray) -> np.ndarray:
            model.parameters = (queries - low) / (high - low)
            return np.real(model.reconstructed_data).swapaxes(1, 2)

        return predict

    for rank, dmd_rank, together, kernel in product(
        (20, 10), (-1, 5, 10), (True, False), ("thin_plate_spline", "cubic", "linear")
    ):
        what = "monolithic" if together else "partitioned"
        yield (
            f"{what}, DMD {shown_rank(dmd_rank)}, {kernel}, {shown_rank(rank)}",
            partial(build, together, rank, dmd_rank, kernel),
        )


def shown_rank(rank: int) -> str:
    """The number of modes in words."""
    return "all modes" if rank == -1 else f"{rank} modes"
