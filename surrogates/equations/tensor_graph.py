"""A function of points as a list of elementary tensor operations: kept as JSON and arrays, and run without its code.

A solution is made by code, its lift above all, which may be a user's own. What that code does to tensors is recorded
once, after the training; whoever loads the record runs these operations alone, from a list of harmless ones.
"""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from fieldwright.data.errors import ModelError

BATCH = 512
"""Points that pass together: a recording holds the number it was made with, so that blocks are filled up to it."""

_NAMES = """abs acos add addmm alias amax amin arange argmax asin asinh atan atan2 atanh baddbmm bitwise_and
    bitwise_not bitwise_or bmm broadcast_to cat ceil chunk clamp clamp_max clamp_min clone contiguous cos cosh cumsum
    detach detach_ diag_embed diagonal div einsum elu empty_like eq erf erfc exp exp2 expand expm1 flatten flip floor
    fmod full full_like gather ge gelu gt heaviside hypot index index_select index_put leaky_relu le lgamma
    lift_fresh_copy linear linalg_vector_norm linspace log log10 log1p log2 logical_and logical_not logical_or lt mT
    masked_fill matmul max maximum mean min minimum mm movedim mul narrow ne neg new_full new_ones new_zeros norm
    numpy_T ones ones_like outer permute pow prod reciprocal relu remainder repeat reshape roll rsqrt rsub
    scalar_tensor select sigmoid sign silu sin sinc sinh slice softmax softplus split split_with_sizes sqrt square
    squeeze stack std sub sum t tan tanh tensordot tile to transpose tril triu trunc unbind unflatten unsqueeze var
    view view_as where xlogy zeros zeros_like _to_copy _unsafe_view"""
ALLOWED = frozenset(_NAMES.split())
"""Operations of torch that only compute; none of them reads a file, draws a random number or runs code."""

PICK = "getitem"
"""Takes one of several tensors that an operation has made."""

PLACED = ("device", "layout", "pin_memory", "memory_format")
"""Arguments on where a tensor lies, which the machine that loads decides."""


@dataclass(frozen=True, eq=False)
class TensorGraph:
    """values (n, m) = f(inputs (n, d)), recorded.

    steps: operations in order. constants: arrays by name, on the device.
    """

    steps: tuple[Mapping[str, Any], ...]
    answer: str
    constants: Mapping[str, Tensor]
    device: str = "cpu"

    @classmethod
    def recorded(cls, function: torch.nn.Module, inputs: Tensor) -> Self:
        """What a module does to inputs (BATCH, d); raises ModelError where it cannot be recorded faithfully."""
        try:
            with warnings.catch_warnings():  # of numbers taken out of tensors, which the check below finds
                warnings.simplefilter("ignore")
                program = torch.export.export(function, (inputs[:BATCH],), strict=False)
        # What an own equation's code makes fail comes in any class.
        except Exception as error:
            raise _unfaithful(str(error).strip().splitlines()[0]) from error
        tensors = {**program.state_dict, **program.constants}
        constants: dict[str, Tensor] = {}
        for spec in program.graph_signature.input_specs:
            if spec.target is not None:
                constants[spec.arg.name] = tensors[spec.target].detach().cpu().clone()
        steps, answer = [], ""
        for node in program.graph.nodes:
            if node.op == "output":
                answer = node.args[0][0].name
            elif node.op == "call_function" and not str(node.target).startswith("aten._assert"):
                steps.append(_step(node))
        (input_name,) = program.graph_signature.user_inputs
        graph = cls(({"name": input_name, "operation": "inputs"}, *steps), answer, constants)
        graph._check(function, inputs)
        return graph

    def __call__(self, inputs: Tensor) -> Tensor:
        """Return f (n, m) at inputs (n, d) in double precision, differentiable by them to any order."""
        blocks = []
        for start in range(0, len(inputs), BATCH):
            block = inputs[start : start + BATCH]
            missing = BATCH - len(block)
            filled = torch.cat([block, block[-1:].detach().expand(missing, -1)]) if missing else block
            blocks.append(self._run(filled)[: len(block)])
        return torch.cat(blocks)

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """All of it, as what JSON holds and as arrays."""
        steps = {"steps": list(self.steps), "answer": self.answer}
        return steps, {name: value.cpu().numpy() for name, value in self.constants.items()}

    @classmethod
    def restore(cls, model: Mapping[str, Any], arrays: Mapping[str, np.ndarray], device: str = "cpu") -> Self:
        """Takes what `state` gave; raises ModelError for an operation that is not on the list."""
        for step in model["steps"]:
            if step["operation"] != "inputs":
                _operation(step["operation"])
        constants = {name: torch.from_numpy(array.copy()).to(device) for name, array in arrays.items()}
        return cls(tuple(model["steps"]), model["answer"], constants, device)

    def _run(self, inputs: Tensor) -> Tensor:
        values: dict[str, Any] = dict(self.constants)
        for step in self.steps:
            if step["operation"] == "inputs":
                values[step["name"]] = inputs
                continue
            operation = _operation(step["operation"])
            args = [_value(one, values) for one in step["args"]]
            values[step["name"]] = operation(
                *args, **{k: _value(one, values) for k, one in step["kwargs"].items()}
            )
        return values[self.answer]

    def _check(self, function: torch.nn.Module, inputs: Tensor) -> None:
        """Raises ModelError where values or slopes at other inputs, in other batches, are not the module's own."""
        others = inputs.flip(0)[: BATCH // 2 + 1]
        results = []
        for called in (function, self):
            x = others.detach().clone().requires_grad_()
            values = called(x)
            (slopes,) = torch.autograd.grad(values.sum(), x)
            results.append(torch.cat([values.detach(), slopes], dim=1))
        if not torch.allclose(*results, rtol=1e-9, atol=1e-12, equal_nan=True):
            raise _unfaithful("a recording that differs from the solution at other points")


def _step(node: torch.fx.Node) -> dict[str, Any]:
    name = PICK if node.target is operator.getitem else str(node.target)
    args = list(node.args)
    if name == "aten.to.device":
        # Of numbers that are made a tensor of: the type counts, and the device is that of whoever loads.
        name = "aten.to.dtype"
        del args[1]
    _operation(name)
    kwargs = {key: _as_json(value) for key, value in node.kwargs.items() if key not in PLACED}
    return {
        "name": node.name,
        "operation": name,
        "args": [_as_json(one) for one in args],
        "kwargs": kwargs,
    }


def _operation(name: str) -> Any:
    """Return torch's operation "aten.add.Tensor"; raises ModelError for one that is not on the list."""
    if name == PICK:
        return operator.getitem
    space, _, qualified = name.partition(".")
    base, _, overload = qualified.partition(".")
    operation = None
    if space == "aten" and base in ALLOWED:
        operation = getattr(getattr(torch.ops.aten, base, None), overload, None)
    if operation is None:
        raise ModelError(
            "A solution must be made of torch's elementary operations on numbers",
            f"the operation '{name}'",
            "Write the lift and the features of the equation by them",
        )
    return operation


def _as_json(value: Any) -> Any:
    """An argument as JSON holds it."""
    if isinstance(value, torch.fx.Node):
        return {"of": value.name}
    if isinstance(value, torch.dtype):
        return {"dtype": str(value).removeprefix("torch.")}
    if isinstance(value, list | tuple):
        return [_as_json(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": str(value)}
    if isinstance(value, torch.device | torch.layout | torch.memory_format):
        return None
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise _unfaithful(f"an argument of the kind {type(value).__name__}")


def _value(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_value(one, values) for one in value]
    if not isinstance(value, dict):
        return value
    if "of" in value:
        return values[value["of"]]
    if "dtype" in value:
        return DTYPES[value["dtype"]]
    return float(value["number"])


DTYPES = {
    str(one).removeprefix("torch."): one for one in (torch.float64, torch.float32, torch.int64, torch.bool)
}


def _unfaithful(got: str) -> ModelError:
    return ModelError(
        "The lift and the features of an equation must do the same to every point, by torch's operations",
        got,
        "Take out branches on values, random numbers and what looks at all points together",
    )
