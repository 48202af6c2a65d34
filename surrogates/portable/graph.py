"""The arithmetic of a surrogate for one query, as a graph of operations on arrays of fixed shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

UNARY = ("abs", "erf", "exp", "log", "sqrt", "tanh")
BINARY = ("add", "div", "max", "min", "mul", "power", "replace_nan", "sub")
OF_CONSTANTS: dict[str, Callable[..., np.ndarray]] = {
    "add": np.add,
    "div": np.divide,
    "max": np.maximum,
    "min": np.minimum,
    "mul": np.multiply,
    "power": np.power,
    "sub": np.subtract,
}
"""What is computed at once where all operands are constants."""
REDUCTIONS = ("argmax", "argmin", "sum", "largest", "nearest")


@dataclass(frozen=True, eq=False)
class Node:
    """One operation and the array that it gives; + - * / ** and `constant @ node` make further ones.

    operation: "input", "constant", one of UNARY, BINARY (which broadcast as NumPy does) or REDUCTIONS (along the last
        axis; "nearest" gives the positions of the least values, in order); "select" (a > b ? c : d), "matmul" (the
        first input is a constant), "reshape", "concat" (of vectors), "take" (of a vector, by constant positions) or
        "pick" (rows of a constant by computed positions).
    shape: of the array for one query.
    value: the array of a constant, or the positions of "take".
    """

    operation: str
    inputs: tuple[Node, ...]
    shape: tuple[int, ...]
    value: np.ndarray | None = None

    __array_ufunc__ = None
    """NumPy leaves `array + node` to the node."""

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def is_position(self) -> bool:
        """Whether it holds positions, not numbers."""
        return self.operation in ("argmax", "argmin", "nearest")

    def __add__(self, other: Operand) -> Node:
        return _elementwise("add", self, other)

    def __radd__(self, other: Operand) -> Node:
        return _elementwise("add", other, self)

    def __sub__(self, other: Operand) -> Node:
        return _elementwise("sub", self, other)

    def __rsub__(self, other: Operand) -> Node:
        return _elementwise("sub", other, self)

    def __mul__(self, other: Operand) -> Node:
        return _elementwise("mul", self, other)

    def __rmul__(self, other: Operand) -> Node:
        return _elementwise("mul", other, self)

    def __truediv__(self, other: Operand) -> Node:
        return _elementwise("div", self, other)

    def __rtruediv__(self, other: Operand) -> Node:
        return _elementwise("div", other, self)

    def __pow__(self, other: Operand) -> Node:
        return _elementwise("power", self, other)

    def __rpow__(self, other: Operand) -> Node:
        return _elementwise("power", other, self)

    def __neg__(self) -> Node:
        return 0.0 - self

    def __pos__(self) -> Node:
        return self

    def __rmatmul__(self, matrix: np.ndarray) -> Node:
        """Matrix (..., m, k) times this (..., k, n), or times a vector (k,)."""
        if len(self.shape) == 1:
            product = matrix @ self.reshape(-1, 1)
            return product.reshape(*product.shape[:-1])
        left = constant(matrix)
        batch = np.broadcast_shapes(left.shape[:-2], self.shape[:-2])
        return Node("matmul", (left, self), (*batch, left.shape[-2], self.shape[-1]))

    def reshape(self, *shape: int) -> Node:
        """The same values in order, in another shape; one size may be -1."""
        if -1 in shape:
            known_size = -int(np.prod(shape, dtype=np.int64))
            shape = tuple(self.size // known_size if size == -1 else size for size in shape)
        if self.value is not None and self.operation == "constant":
            return constant(self.value.reshape(shape))
        return self if shape == self.shape else Node("reshape", (self,), shape)

    def take(self, positions: np.ndarray) -> Node:
        """The values at positions of this vector, in the shape of the positions."""
        index = np.asarray(positions, dtype=np.int64)
        return Node("take", (self,), index.shape, index)

    def sum(self) -> Node:
        """The sum along the last axis."""
        return Node("sum", (self,), self.shape[:-1])

    def largest(self) -> Node:
        """The largest value along the last axis."""
        return Node("largest", (self,), self.shape[:-1])

    def argmax(self) -> Node:
        """The first position of the largest value along the last axis."""
        return Node("argmax", (self,), self.shape[:-1])

    def argmin(self) -> Node:
        """The first position of the least value along the last axis."""
        return Node("argmin", (self,), self.shape[:-1])

    def nearest(self, count: int) -> Node:
        """The positions (count,) of the least values of this vector, the least first."""
        return Node("nearest", (self,), (count,))


Operand = Node | np.ndarray | float


def input_node(size: int) -> Node:
    """The query."""
    return Node("input", (), (size,))


def constant(value: Any) -> Node:
    """A constant array."""
    array = np.ascontiguousarray(value, dtype=np.float64).reshape(np.shape(value))
    return Node("constant", (), array.shape, array)


def as_node(operand: Operand) -> Node:
    """The node itself, or a number or array as a constant."""
    return operand if isinstance(operand, Node) else constant(operand)


def absolute(operand: Node) -> Node:
    """|a|."""
    return Node("abs", (operand,), operand.shape)


def erf(operand: Node) -> Node:
    """The error function."""
    return Node("erf", (operand,), operand.shape)


def exp(operand: Node) -> Node:
    """The exponential."""
    return Node("exp", (operand,), operand.shape)


def log(operand: Node) -> Node:
    """The natural logarithm."""
    return Node("log", (operand,), operand.shape)


def sqrt(operand: Node) -> Node:
    """The square root."""
    return Node("sqrt", (operand,), operand.shape)


def tanh(operand: Node) -> Node:
    """The hyperbolic tangent."""
    return Node("tanh", (operand,), operand.shape)


def square(operand: Node) -> Node:
    """a^2."""
    return operand * operand


def maximum(first: Operand, second: Operand) -> Node:
    """The larger of two numbers."""
    return _elementwise("max", first, second)


def minimum(first: Operand, second: Operand) -> Node:
    """The smaller of two numbers."""
    return _elementwise("min", first, second)


def clipped(operand: Node, low: Operand, high: Operand) -> Node:
    """The number, or the bound that it passes; infinite bounds take no operation."""
    if isinstance(low, Node) or np.isfinite(low).any():
        operand = maximum(operand, low)
    if isinstance(high, Node) or np.isfinite(high).any():
        operand = minimum(operand, high)
    return operand


def hypot(first: Node, second: Operand) -> Node:
    """sqrt(a^2 + b^2)."""
    return sqrt(square(first) + (square(second) if isinstance(second, Node) else np.square(second)))


def replace_nan(operand: Node, replacement: Operand) -> Node:
    """The number, or the replacement where it is none."""
    return _elementwise("replace_nan", operand, replacement)


def where_greater(left: Operand, right: Operand, then: Operand, otherwise: Operand) -> Node:
    """`then` where left > right, else `otherwise`."""
    return _elementwise("select", left, right, then, otherwise)


def concat(parts: Sequence[Node]) -> Node:
    """Vectors one behind the other."""
    if len(parts) == 1:
        return parts[0]
    return Node("concat", tuple(parts), (sum(part.size for part in parts),))


def assembled(parts: Iterable[tuple[np.ndarray, Node]]) -> Node:
    """Parts of one vector, each with the positions (k,) of its values, in order."""
    pairs = list(parts)
    positions = np.concatenate([index for index, _ in pairs])
    vector = concat([part for _, part in pairs])
    return vector if (np.diff(positions) == 1).all() else vector.take(np.argsort(positions, kind="stable"))


def pick(table: np.ndarray, position: Node) -> Node:
    """The rows (g, k) of a table (g, n, k) at positions (g,)."""
    return Node("pick", (constant(table), position), (position.shape[0], table.shape[2]))


def evaluation_order(outputs: Iterable[Node]) -> list[Node]:
    """All nodes on which the outputs depend, each behind its inputs."""
    ordered: dict[int, Node] = {}
    stack = [(node, False) for node in reversed(list(outputs))]
    while stack:
        node, ready = stack.pop()
        if id(node) in ordered:
            continue
        if ready:
            ordered[id(node)] = node
        else:
            stack.append((node, True))
            stack += [(one, False) for one in reversed(node.inputs)]
    return list(ordered.values())


def _elementwise(operation: str, *operands: Operand) -> Node:
    nodes = [as_node(operand) for operand in operands]
    values = [node.value for node in nodes if node.operation == "constant"]
    if len(values) == len(nodes) and operation in OF_CONSTANTS:
        return constant(OF_CONSTANTS[operation](*values))
    shape = np.broadcast_shapes(*(node.shape for node in nodes))
    # Of one rank, so that an axis of queries in front does not change what broadcasts with what.
    aligned = tuple(
        node
        if node.operation == "constant"
        else node.reshape(*[1] * (len(shape) - len(node.shape)), *node.shape)
        for node in nodes
    )
    return Node(operation, aligned, shape)
