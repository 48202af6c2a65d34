"""How much a network computes, counted by torch and not timed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

FLOPS_PER_OPERATION = 10.0
"""Of products of matrices and convolutions, which one core does at some ten a nanosecond."""


def counted_operations(work: Callable[[], object]) -> float:
    """Operations of about a nanosecond each, as `cost` counts them, of what `work` does with torch.

    Each value that torch computes is one; products of matrices and convolutions count by their floating-point
    operations instead.
    """
    # BentoML's master process imports the service too, and never needs torch.
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils.flop_counter import flop_registry

    total = 0.0

    class Counter(TorchDispatchMode):
        def __torch_dispatch__(
            self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
        ) -> Any:
            nonlocal total
            result = func(*args, **(kwargs or {}))
            flops = flop_registry.get(func._overloadpacket)
            if flops is not None:
                total += flops(*args, **(kwargs or {}), out_val=result) / FLOPS_PER_OPERATION
            elif isinstance(result, torch.Tensor):
                total += result.numel()
            return result

    with Counter():
        work()
    return total
