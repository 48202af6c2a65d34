"""Physics-informed training: networks, optimisers, weights, schedules and diagnosis."""
