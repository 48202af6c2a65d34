"""Weights of whole losses, so that none drowns the others."""

from __future__ import annotations

from collections.abc import Mapping


def gradient_norm_weights(norms: Mapping[str, float]) -> dict[str, float]:
    """lambda_i = sum_j |grad L_j| / |grad L_i|: every weighted loss then has a gradient of the same length.

    norms: |grad L_i| of each loss by the weights; a loss without a gradient keeps the weight 1.

    Source: Wang, Sankaran, Wang and Perdikaris, An Expert's Guide to Training PINNs, arXiv 2308.08468, algorithm 1.
    """
    return _inverse_shares(norms)


def tangent_kernel_weights(traces: Mapping[str, float]) -> dict[str, float]:
    """lambda_i = sum_j tr K_j / tr K_i: every weighted loss then falls at the same mean rate under gradient descent.

    traces: tr K_i = |J_i|^2, the squared Frobenius norm of the Jacobian of each loss's residuals by the weights.

    Source: Wang, Yu and Perdikaris, When and why PINNs fail to train, J. Comput. Phys. 449 (2022) 110768.
    """
    return _inverse_shares(traces)


def _inverse_shares(sizes: Mapping[str, float]) -> dict[str, float]:
    total = sum(sizes.values())
    return {name: total / size if size > 0 else 1.0 for name, size in sizes.items()}
