"""Reference solvers and the cases that they compute."""
