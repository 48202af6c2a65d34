#!/bin/bash
# Makes dolfinx.tar.xz beside this script with DOLFINx 0.5 (Debian 12: python3-dolfinx-real) on two processes.
# printed.txt holds what DOLFINx itself computes: time, integral of u, integral of d.
set -e
samples=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
mkdir "$work/dolfinx"
cd "$work/dolfinx"
cat > fields.py <<'END'
import numpy as np
import ufl
from dolfinx import fem, io, mesh
from mpi4py import MPI

world = MPI.COMM_WORLD
box = mesh.create_rectangle(world, [np.array([0, 0]), np.array([2, 1])], [4, 3], mesh.CellType.triangle)
u = fem.Function(fem.FunctionSpace(box, ("Lagrange", 1)), name="u")
w = fem.Function(fem.VectorFunctionSpace(box, ("Lagrange", 1)), name="w")
d = fem.Function(fem.FunctionSpace(box, ("DG", 0)), name="d")
with io.XDMFFile(world, "xdmf.xdmf", "w") as one, io.VTKFile(world, "pvd.pvd", "w") as other:
    one.write_mesh(box)
    for t in (0.5, 1.0, 2.0):
        u.interpolate(lambda x: 3 * x[0] + x[1] ** 2 + t)
        w.interpolate(lambda x: np.stack([x[0] * x[1], -x[1]]))
        d.interpolate(lambda x: x[0] * t)
        for function in (u, w, d):
            one.write_function(function, t)
        other.write_function(u, t)
        integrals = [world.allreduce(fem.assemble_scalar(fem.form(f * ufl.dx))) for f in (u, d)]
        if world.rank == 0:
            print(t, *integrals)
# In text each process but the first loses its share: a file that breaks its own word.
broken = io.XDMFFile(world, "broken.xdmf", "w", encoding=io.XDMFFile.Encoding.ASCII)
broken.write_mesh(box)
broken.write_function(u)
broken.close()
END
cat > cube.py <<'END'
from dolfinx import fem, io, mesh
from mpi4py import MPI

world = MPI.COMM_WORLD
tetrahedra = mesh.create_unit_cube(world, 1, 1, 2, mesh.CellType.tetrahedron)
with io.XDMFFile(world, "static.xdmf", "w", encoding=io.XDMFFile.Encoding.ASCII) as one:
    q = fem.Function(fem.FunctionSpace(tetrahedra, ("Lagrange", 1)), name="q")
    q.interpolate(lambda x: x[0] + 2 * x[1] * x[2])
    one.write_mesh(tetrahedra)
    one.write_function(q)
END
OMP_NUM_THREADS=1 mpirun --allow-run-as-root --oversubscribe -np 2 /usr/bin/python3 fields.py > printed.txt 2> errors.txt || cat errors.txt
/usr/bin/python3 cube.py 2>> errors.txt || cat errors.txt
rm -f errors.txt
cd "$work"
tar --sort=name --mtime=2026-01-01 --owner=0 --group=0 --numeric-owner -cJf "$samples/dolfinx.tar.xz" dolfinx
rm -rf "$work"
