"""Where a photo shows cracks: networks, training, calibration and scores."""
