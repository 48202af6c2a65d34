"""The arithmetic as an ONNX model in double precision, for any number of queries at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.portable.graph import Node, evaluation_order
from fieldwright.surrogates.portable.portable_surrogate import PortableSurrogate

OPSET = 18
IR_VERSION = 9
"""The oldest that the operator set goes with, so that older runtimes read the file."""
INPUT = "parameters"
SIMPLE = {
    "abs": "Abs",
    "add": "Add",
    "div": "Div",
    "erf": "Erf",
    "exp": "Exp",
    "log": "Log",
    "matmul": "MatMul",
    "max": "Max",
    "min": "Min",
    "mul": "Mul",
    "power": "Pow",
    "sqrt": "Sqrt",
    "sub": "Sub",
    "tanh": "Tanh",
}
MOST_BYTES = 2**31 - 2**20
"""A file of protocol buffers holds 2 GiB at most."""


def write_onnx(surrogate: PortableSurrogate, path: Path) -> None:
    """Writes the model; raises ModelError where `onnx` is not installed, or the model is too large for one file.

    The input "parameters" is (q, p); the outputs are (q, ...), named as `PortableSurrogate.outputs`.
    """
    try:
        import onnx
    except ImportError as error:
        raise ModelError(
            "An export to ONNX must have the package 'onnx'",
            "none",
            "Install it: pip install 'fieldwright[export]'",
        ) from error
    nodes = evaluation_order(output.node for output in surrogate.outputs)
    size = sum(node.value.nbytes for node in nodes if node.value is not None)
    if size > MOST_BYTES:
        raise ModelError("A model as ONNX must be below 2 GiB", f"{size} bytes", "Name fewer --quantities")
    if any(node.operation == "erf" for node in nodes):
        raise ModelError(
            "A network to be exported to ONNX must have an activation that runtimes know in double precision",
            "'gelu'",
            "Export C, or train with 'tanh' or 'silu'",
        )
    model = _Writer(onnx).model(surrogate, nodes)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())


class _Writer:
    """Collects the nodes and constants of one ONNX graph; every value has an axis of queries in front."""

    def __init__(self, onnx: Any) -> None:
        self.onnx = onnx
        self.helper = onnx.helper
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.names: dict[int, str] = {}
        self.positions: dict[tuple[int, ...], str] = {}
        self.zeros: dict[int, str] = {}

    def model(self, surrogate: PortableSurrogate, nodes: Sequence[Node]) -> Any:
        """The whole model."""
        helper, kind = self.helper, self.onnx.TensorProto.DOUBLE
        for node in nodes:
            # A table of "pick" is written in another shape.
            if node.operation != "constant":
                self.names[id(node)] = self._written(node)
        outputs = []
        for output in surrogate.outputs:
            # Constants do not know how many queries there are: an output is always spread over them.
            zeros = self._zeros(len(output.node.shape))
            self._node("Add", [self._name(output.node), zeros], name=output.name)
            value = helper.make_tensor_value_info(output.name, kind, ["queries", *output.node.shape])
            value.doc_string = f"{output.meaning} [{output.unit}]" + (
                "" if output.times is None else f", at the times {list(output.times)}"
            )
            outputs.append(value)
        description = surrogate.description
        entry = helper.make_tensor_value_info(INPUT, kind, ["queries", len(description.parameters)])
        entry.doc_string = ", ".join(f"{info.name} [{info.unit}]" for info in description.parameters)
        graph = helper.make_graph(self.nodes, "fieldwright", [entry], outputs, self.constants)
        model = helper.make_model(
            graph,
            producer_name="Fieldwright",
            model_version=int(surrogate.version) if surrogate.version.isdigit() else 0,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            doc_string=f"Surrogate of {description.n_runs} runs",
        )
        helper.set_model_props(model, onnx_metadata(surrogate))
        return model

    def _written(self, node: Node) -> str:
        """The name of the node's value, once its operations are added."""
        operation = node.operation
        if operation == "input":
            return INPUT
        if operation == "pick":
            return self._picked(*node.inputs)
        inputs = [self._name(one) for one in node.inputs]
        if operation in SIMPLE:
            return self._node(SIMPLE[operation], inputs)
        if operation == "reshape":
            return self._node("Reshape", [*inputs, self._integers([-1, *node.shape])])
        if operation == "select":
            return self._node("Where", [self._node("Greater", inputs[:2]), *inputs[2:]])
        if operation == "replace_nan":
            return self._node("Where", [self._node("IsNaN", inputs[:1]), inputs[1], inputs[0]])
        if operation in ("sum", "largest"):
            kind = "ReduceSum" if operation == "sum" else "ReduceMax"
            return self._node(kind, [*inputs, self._integers([-1])], keepdims=0)
        if operation in ("argmax", "argmin"):
            return self._node("ArgMax" if operation == "argmax" else "ArgMin", inputs, axis=-1, keepdims=0)
        if operation == "nearest":
            count = self._integers([node.shape[0]])
            return self._node("TopK", [*inputs, count], outputs=2, axis=-1, largest=0, sorted=1)
        if operation == "take":
            assert node.value is not None
            return self._node("Gather", [*inputs, self._constant(node.value)], axis=1)
        assert operation == "concat", operation
        parts = [
            self._node("Add", [name, self._zeros(1)]) if one.operation == "constant" else name
            for one, name in zip(node.inputs, inputs, strict=True)
        ]
        return self._node("Concat", parts, axis=1)

    def _name(self, node: Node) -> str:
        """The name of the node's value; a constant is written where it is first used."""
        if id(node) not in self.names:
            assert node.value is not None
            self.names[id(node)] = self._constant(node.value)
        return self.names[id(node)]

    def _picked(self, table: Node, places: Node) -> str:
        """The rows of a table at computed positions."""
        rows, width = table.shape[1], table.shape[2]
        assert table.value is not None
        flat = self._constant(table.value.reshape(-1, width))
        first = self._constant(np.arange(table.shape[0], dtype=np.int64) * rows)
        return self._node("Gather", [flat, self._node("Add", [self.names[id(places)], first])], axis=0)

    def _zeros(self, axes: int) -> str:
        """Zeros (q, 1, ...) with so many axes behind that of the queries."""
        if axes not in self.zeros:
            queries = self._node("Shape", [INPUT], start=0, end=1)
            shape = self._node("Concat", [queries, self._integers([1] * axes)], axis=0) if axes else queries
            zero = self.onnx.numpy_helper.from_array(np.zeros(1))
            self.zeros[axes] = self._node("ConstantOfShape", [shape], value=zero)
        return self.zeros[axes]

    def _integers(self, values: Sequence[int]) -> str:
        key = tuple(values)
        if key not in self.positions:
            self.positions[key] = self._constant(np.array(values, dtype=np.int64))
        return self.positions[key]

    def _constant(self, value: np.ndarray) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(self.onnx.numpy_helper.from_array(value, name))
        return name

    def _node(
        self, kind: str, inputs: Sequence[str], *, name: str = "", outputs: int = 1, **settings: Any
    ) -> str:
        """Adds an operation and returns the name of its last output."""
        names = [name or f"v{len(self.nodes)}_{k}" for k in range(outputs)]
        self.nodes.append(self.helper.make_node(kind, list(inputs), names, **settings))
        return names[-1]


def onnx_metadata(surrogate: PortableSurrogate) -> dict[str, str]:
    """What a user of the model must know, by name."""
    description = surrogate.description
    ranges = {
        f"parameter.{info.name}": f"unit={info.unit}; minimum={info.minimum!r}; maximum={info.maximum!r}"
        for info in description.parameters
    }
    units = {f"unit.{output.name}": output.unit for output in surrogate.outputs}
    return {
        "model": description.name,
        "version": surrogate.version,
        "kind": description.kind,
        "runs": str(description.n_runs),
        "coverage": repr(description.coverage),
        **ranges,
        **units,
    }
