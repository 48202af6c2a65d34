"""Equations, reference solvers and physics-informed training."""
