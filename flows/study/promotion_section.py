"""What the table `[promotion]` of every study can ask of the version that is promoted."""

from __future__ import annotations

from pydantic import Field

from fieldwright.flows.study.section import Section


class PromotionLimits(Section):
    """Limits that hold whatever is learned."""

    max_latency_ms: float | None = Field(
        None,
        gt=0,
        description="Most processor time of one query, in milliseconds on the machine of the pipeline.",
    )
    max_size_mb: float | None = Field(
        None, gt=0, description="Largest size of the model's artifact, in megabytes (10^6 bytes)."
    )
