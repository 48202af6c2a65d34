"""DeepXDE on torch, in double precision and without its side effects on the rest of the process.

Import it from here and nowhere else: at its first import DeepXDE picks its backend and moves torch's default device
to a GPU if there is one, and it computes in single precision, which ends physics-informed training at errors of 1e-3.
"""

from __future__ import annotations

import contextlib
import io
import os

import torch

os.environ["DDE_BACKEND"] = "pytorch"
_device = torch.get_default_device()
with contextlib.redirect_stderr(io.StringIO()):  # it announces its backend
    import deepxde as dde
    from deepxde.config import real
torch.set_default_device(_device)
real.set_float64()

__all__ = ["dde"]
