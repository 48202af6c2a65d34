"""Why a crack classifier says so: which places of a photo its answer rests on."""

from fieldwright.surrogates.cracks.explain.heat import METHODS, free_mask, heat

__all__ = ["METHODS", "free_mask", "heat"]
