"""The arithmetic as one pair of C files: C99, double precision, no allocation, nothing but libm."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.portable.graph import Node, evaluation_order
from fieldwright.surrogates.portable.portable_surrogate import PortableSurrogate

MOST_NUMBERS = 4_000_000
"""Constants in one file, about 100 MB of text, which a compiler takes minutes for."""
FUNCTIONS = {"abs": "fabs", "erf": "erf", "exp": "exp", "log": "log", "sqrt": "sqrt", "tanh": "tanh"}
OPERATORS = {"add": "+", "div": "/", "mul": "*", "sub": "-"}


def c_name(text: str) -> str:
    """A text as a C identifier: "max(U.x).mean" as "max_U_x_mean"."""
    name = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_")
    return name if name and not name[0].isdigit() else f"m_{name}"


def c_names(texts: Sequence[str]) -> list[str]:
    """Texts as C identifiers, each another one."""
    names: list[str] = []
    for text in texts:
        name, number = c_name(text), 2
        while name in names:
            name, number = f"{c_name(text)}_{number}", number + 1
        names.append(name)
    return names


def write_c(surrogate: PortableSurrogate, folder: Path) -> tuple[Path, Path]:
    """Writes `<name>.h` and `<name>.c` and returns their paths; raises ModelError for a model of too many numbers."""
    name = c_name(surrogate.description.name)
    source, header = folder / f"{name}.c", folder / f"{name}.h"
    header.write_text(c_header(surrogate), encoding="utf-8")
    source.write_text(c_source(surrogate), encoding="utf-8")
    return header, source


def output_ranges(surrogate: PortableSurrogate) -> list[range]:
    """Where the values of each output stand in the array of all outputs."""
    ends = np.cumsum([output.node.size for output in surrogate.outputs]).tolist()
    return [range(end - output.node.size, end) for end, output in zip(ends, surrogate.outputs, strict=True)]


def c_header(surrogate: PortableSurrogate) -> str:
    """The header: sizes, the place of every parameter and output, and the one function."""
    description = surrogate.description
    name = c_name(description.name)
    upper = name.upper()
    program = Program.of(surrogate)
    parameters = [
        f"#define {upper}_IN_{label} {index}  /* [{_comment(info.unit)}] runs from {info.minimum!r} to "
        f"{info.maximum!r} */"
        for index, (info, label) in enumerate(
            zip(description.parameters, c_names([info.name for info in description.parameters]), strict=True)
        )
    ]
    ranges = output_ranges(surrogate)
    outputs = [
        f"#define {upper}_{label} {places.start}  /* [{_comment(output.unit)}] "
        f"{_comment(output.meaning)}{_shape(output.node, output.times)} */"
        for output, label, places in zip(
            surrogate.outputs, c_names([output.name for output in surrogate.outputs]), ranges, strict=True
        )
    ]
    lines = [
        f"/* {_comment(description.name)}, version {surrogate.version}: a surrogate of {description.n_runs} runs by "
        f"Fieldwright. The bands cover a new run with the probability {description.coverage!r}. */",
        f"#ifndef {upper}_H",
        f"#define {upper}_H",
        "",
        f"#define {upper}_PARAMETERS {len(description.parameters)}",
        f"#define {upper}_OUTPUTS {ranges[-1].stop}",
        "/* Numbers and positions that the function works on. */",
        f"#define {upper}_NUMBERS {program.numbers}",
        f"#define {upper}_POSITIONS {program.positions}",
        "",
        "/* Places in `parameters`. */",
        *parameters,
        "",
        "/* Places in `outputs`. */",
        *outputs,
        "",
        "typedef struct {",
        f"    double numbers[{upper}_NUMBERS];",
        f"    int positions[{upper}_POSITIONS];",
        f"}} {name}_work;",
        "",
        "/* Computes all outputs of one query. `work` is overwritten; each thread has its own. */",
        f"void {name}_evaluate(const double *parameters, double *outputs, {name}_work *work);",
        "",
        "#endif",
    ]
    return "\n".join(lines) + "\n"


def c_source(surrogate: PortableSurrogate) -> str:
    """The source: constants, and the function that goes through the graph."""
    name = c_name(surrogate.description.name)
    program = Program.of(surrogate)
    lines = [f'#include "{name}.h"', "", "#include <math.h>", ""]
    lines += [program.declaration(node) for node in program.constants]
    lines += ["", f"void {name}_evaluate(const double *parameters, double *outputs, {name}_work *work)", "{"]
    lines += [
        "    double *const w = work->numbers;",
        "    int *const at = work->positions;",
        "    int i, j, k, b;",
        "    double s;",
    ]
    lines += ["    (void)at; (void)i; (void)j; (void)k; (void)b; (void)s;"]
    for node in program.steps:
        lines += [f"    {line}" for line in program.statement(node)]
    for output, places in zip(surrogate.outputs, output_ranges(surrogate), strict=True):
        value = program.reference(output.node, "i")
        lines.append(f"    for (i = 0; i < {len(places)}; ++i) outputs[{places.start} + i] = {value};")
    return "\n".join([*lines, "}"]) + "\n"


@dataclass(frozen=True, eq=False)
class Program:
    """Nodes in order, and where each keeps its values.

    constants: those with arrays in the file. steps: those that are computed. numbers, positions: sizes of the work.
    """

    constants: list[Node]
    steps: list[Node]
    numbers: int
    positions: int
    _starts: dict[int, int]
    _names: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, surrogate: PortableSurrogate) -> Program:
        """Raises ModelError for a model of too many numbers."""
        nodes = evaluation_order(output.node for output in surrogate.outputs)
        constants = [
            node for node in nodes if node.value is not None and (node.operation == "take" or node.size > 1)
        ]
        total = sum(node.value.size for node in constants if node.value is not None)
        if total > MOST_NUMBERS:
            raise ModelError(
                f"A model as C must have at most {MOST_NUMBERS} constants",
                f"{total}",
                "Export it as ONNX, or name fewer --quantities: maxima and minima take all modes",
            )
        steps, starts, sizes = [], {}, [0, 0]
        for node in nodes:
            if node.operation in ("input", "constant", "reshape"):
                continue
            steps.append(node)
            starts[id(node)] = sizes[node.is_position]
            sizes[node.is_position] += node.size
        names = {id(node): f"c{index}" for index, node in enumerate(constants)}
        return cls(constants, steps, max(sizes[0], 1), max(sizes[1], 1), starts, names)

    def declaration(self, node: Node) -> str:
        """The array of a constant, or of the positions of "take"."""
        value = node.value
        assert value is not None
        integer = value.dtype.kind == "i"
        numbers = [str(one) if integer else _literal(one) for one in value.ravel().tolist()]
        rows = [", ".join(numbers[start : start + 8]) for start in range(0, len(numbers), 8)]
        kind = "int" if integer else "double"
        return f"static const {kind} {self._names[id(node)]}[{value.size}] = {{\n" + ",\n".join(rows) + "};"

    def reference(self, node: Node, index: str) -> str:
        """The value of a node at a flat index."""
        while node.operation == "reshape":
            node = node.inputs[0]
        if node.operation == "input":
            return f"parameters[{index}]"
        if node.operation == "constant":
            assert node.value is not None
            if node.size == 1:
                return _literal(float(node.value.reshape(-1)[0]))
            return f"{self._names[id(node)]}[{index}]"
        return f"{'at' if node.is_position else 'w'}[{self._starts[id(node)]} + {index}]"

    def statement(self, node: Node) -> list[str]:
        """The lines that compute a node."""
        if node.operation in ("sum", "largest", "argmax", "argmin"):
            return self._reduction(node)
        if node.operation == "matmul":
            return self._product(node)
        if node.operation == "nearest":
            return self._nearest(node)
        if node.operation == "concat":
            return self._concatenation(node)
        if node.operation == "take":
            index = f"{self._names[id(node)]}[i]"
            return [self._each(node, self.reference(node.inputs[0], index))]
        if node.operation == "pick":
            table, place = node.inputs
            rows, width = table.shape[1], table.shape[2]
            index = (
                f"((i / {width}) * {rows} + {self.reference(place, f'i / {width}')}) * {width} + i % {width}"
            )
            return [self._each(node, self.reference(table, index))]
        return self._elementwise(node)

    def _each(self, node: Node, value: str) -> str:
        return f"for (i = 0; i < {node.size}; ++i) {self.reference(node, 'i')} = {value};"

    def _elementwise(self, node: Node) -> list[str]:
        operands = [self.reference(one, _broadcast_index(one.shape, node.shape)) for one in node.inputs]
        first = operands[0]
        if node.operation in FUNCTIONS:
            value = f"{FUNCTIONS[node.operation]}({first})"
        elif node.operation in OPERATORS:
            value = f"{first} {OPERATORS[node.operation]} {operands[1]}"
        elif node.operation == "power":
            value = f"pow({first}, {operands[1]})"
        elif node.operation in ("max", "min"):
            value = f"f{node.operation}({first}, {operands[1]})"
        elif node.operation == "replace_nan":
            value = f"isnan({first}) ? {operands[1]} : {first}"
        else:
            assert node.operation == "select", node.operation
            value = f"{first} > {operands[1]} ? {operands[2]} : {operands[3]}"
        return [self._each(node, value)]

    def _reduction(self, node: Node) -> list[str]:
        (one,) = node.inputs
        length = one.shape[-1]
        target, value = self.reference(node, "i"), self.reference(one, f"(i * {length} + k)")
        first = self.reference(one, f"(i * {length})")
        if node.operation == "sum":
            start, step = "s = 0.0;", f"s += {value};"
            end = f"{target} = s;"
        else:
            sign = "<" if node.operation == "argmin" else ">"
            position = node.operation != "largest"
            keep = f"{target} = k; " if position else ""
            start = f"s = {first};" + (f" {target} = 0;" if position else "")
            step = f"if ({value} {sign} s) {{ {keep}s = {value}; }}"
            end = "" if position else f"{target} = s;"
        return [
            f"for (i = 0; i < {node.size}; ++i) {{",
            f"    {start}",
            f"    for (k = 0; k < {length}; ++k) {step}",
            *([f"    {end}"] if end else []),
            "}",
        ]

    def _product(self, node: Node) -> list[str]:
        left, right = node.inputs
        rows, inner = left.shape[-2:]
        columns = right.shape[-1]
        batch = int(np.prod(node.shape[:-2], dtype=np.int64))
        lefts, rights = (int(np.prod(one.shape[:-2], dtype=np.int64)) for one in (left, right))
        assert {lefts, rights} <= {1, batch}
        a = self.reference(left, f"({f'b * {rows * inner} + ' if lefts > 1 else ''}i * {inner} + k)")
        v = self.reference(right, f"({f'b * {inner * columns} + ' if rights > 1 else ''}k * {columns} + j)")
        assert left.value is not None
        triangular = rows == inner > 1 and not np.triu(left.value, 1).any()
        target = self.reference(node, f"(b * {rows} + i) * {columns} + j")
        return [
            f"for (b = 0; b < {batch}; ++b) for (i = 0; i < {rows}; ++i) for (j = 0; j < {columns}; ++j) {{",
            "    s = 0.0;",
            f"    for (k = 0; k < {'i + 1' if triangular else inner}; ++k) s += {a} * {v};",
            f"    {target} = s;",
            "}",
        ]

    def _nearest(self, node: Node) -> list[str]:
        (one,) = node.inputs
        count = node.shape[0]
        value = self.reference(one, "k")
        start = self._starts[id(node)]
        return [
            f"for (i = 0; i < {count}; ++i) {{",
            "    b = -1;",
            f"    for (k = 0; k < {one.size}; ++k) {{",
            f"        for (j = 0; j < i && at[{start} + j] != k; ++j) {{ }}",
            f"        if (j == i && (b < 0 || {value} < s)) {{ b = k; s = {value}; }}",
            "    }",
            f"    at[{start} + i] = b;",
            "}",
        ]

    def _concatenation(self, node: Node) -> list[str]:
        lines, first = [], 0
        for one in node.inputs:
            target = self.reference(node, f"{first} + i")
            lines.append(f"for (i = 0; i < {one.size}; ++i) {target} = {self.reference(one, 'i')};")
            first += one.size
        return lines


def _broadcast_index(shape: Sequence[int], full_shape: Sequence[int]) -> str:
    """The flat index of an operand at the flat index i of the result."""
    shape = (*[1] * (len(full_shape) - len(shape)), *shape)
    if tuple(shape) == tuple(full_shape):
        return "i"
    terms = []
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        behind = int(np.prod(full_shape[axis + 1 :], dtype=np.int64))
        stride = int(np.prod(shape[axis + 1 :], dtype=np.int64))
        ahead = int(np.prod(full_shape[:axis], dtype=np.int64))
        place = "i" if behind == 1 else f"i / {behind}"
        place = place if ahead == 1 else f"{place} % {size}"
        terms.append(f"({place}) * {stride}" if stride > 1 else f"({place})")
    return " + ".join(terms) or "0"


def _literal(number: float) -> str:
    if np.isinf(number):
        return "HUGE_VAL" if number > 0 else "(-HUGE_VAL)"
    return repr(number) if number >= 0.0 else f"({number!r})"


def _comment(text: str) -> str:
    return re.sub(r"[\x00-\x1f]|\*/|/\*", " ", text)


def _shape(node: Node, times: Sequence[float] | None) -> str:
    if node.size == 1:
        return ""
    axes = "x".join(str(size) for size in node.shape)
    return f", {axes} values" + ("" if times is None else f", at the times {', '.join(map(repr, times))}")
