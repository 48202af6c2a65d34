"""The protocol of an inspection: one HTML page over the measured photos, to be printed and signed."""

from __future__ import annotations

from fieldwright.surrogates.cracks.protocol.inspection import InspectedPhoto, InspectionProtocol
from fieldwright.surrogates.cracks.protocol.page import protocol_page, protocol_parts

__all__ = ["InspectedPhoto", "InspectionProtocol", "protocol_page", "protocol_parts"]
