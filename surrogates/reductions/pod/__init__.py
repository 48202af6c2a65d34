"""Proper orthogonal decomposition of snapshots that do not fit into memory.

`stripes` reads all snapshots of some neighbouring columns, `blocks` centres and weights them in float64 while
they lie in the processor's cache; `gram`, `covariance` and `krylov` are the three ways to the singular values,
`decomposition` chooses among them; `modes` makes the basis, `grown` lets new runs in, `folds` refits it for
cross-validation without reading, `projection` measures what it leaves out.
"""
