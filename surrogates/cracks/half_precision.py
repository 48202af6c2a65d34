"""Whether a machine multiplies faster in half precision."""

from __future__ import annotations

import torch


def has_bfloat16(device: str) -> bool:
    """Whether products in bfloat16 are faster there than in float32."""
    if device.startswith("cuda"):
        return torch.cuda.is_bf16_supported()
    return bool(torch.cpu.get_capabilities().get("avx512_bf16", False))
