"""Whether a photo shows a crack: networks, training, calibration and decision."""
