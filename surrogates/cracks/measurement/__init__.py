"""Length, width and orientation of cracks from their mask, and their growth between two photos."""

from __future__ import annotations

from fieldwright.surrogates.cracks.measurement.change import CrackChange, change
from fieldwright.surrogates.cracks.measurement.crack_measurements import (
    CrackMeasurement,
    CrackMeasurements,
    MeasuredQuantity,
    WidthProfile,
)
from fieldwright.surrogates.cracks.measurement.measure import measure
from fieldwright.surrogates.cracks.measurement.outlines import Outlines
from fieldwright.surrogates.cracks.measurement.scale import Scale

__all__ = [
    "CrackChange",
    "CrackMeasurement",
    "CrackMeasurements",
    "MeasuredQuantity",
    "Outlines",
    "Scale",
    "WidthProfile",
    "change",
    "measure",
]
