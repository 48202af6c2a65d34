"""Where runs lie in the space of their parameters: places, spacing, holes, and the domain to trust."""
