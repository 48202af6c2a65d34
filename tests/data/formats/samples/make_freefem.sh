#!/bin/bash
# Makes freefem.tar.xz beside this script with FreeFEM 4.11 (Debian 12: freefem++ and libfreefem++).
# printed.txt holds what FreeFEM itself prints: values at the nodes, and integrals.
set -e
samples=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
mkdir "$work/freefem"
cd "$work/freefem"
cat > fields.edp <<'END'
load "iovtk"
load "msh3"
int[int] nodal = [1, 1];
mesh Th = square(4, 3, [x*2, y]);
fespace Vh(Th, P1);
Vh u = 3*x + y*y, v = x*y, w = -y;
savevtk("text.vtk", Th, u, [v, w, 0], dataname="u vw", bin=false, order=nodal);
savevtk("binary.vtk", Th, u, [v, w, 0], dataname="u vw", bin=true, order=nodal);
savevtk("cells.vtk", Th, u, [v, w, 0], dataname="u vw", bin=true);
mesh3 T3 = cube(2, 2, 1);
fespace V3(T3, P1);
V3 q = x + 2*y*z;
savevtk("cube.vtk", T3, q, dataname="q", bin=true, order=nodal);
for (int i = 0; i < 3; i++) { u = 3*x + y*y + i; savevtk("step_" + i + ".vtu", Th, u, dataname="u", order=nodal); }
u = 3*x + y*y;
cout.precision(12);
for (int i = 0; i < Th.nv; i++) cout << "node " << Th(i).x << " " << Th(i).y << " " << u[][i] << " " << v[][i] << " " << w[][i] << endl;
cout << "integrals " << int2d(Th)(u) << " " << int2d(Th)(v) << " " << int3d(T3)(q) << endl;
END
FF_LOADPATH=/usr/lib/freefem++ FreeFem++ -nw -v 0 fields.edp | grep -E '^(node|integrals)' > printed.txt
cd "$work"
tar --sort=name --mtime=2026-01-01 --owner=0 --group=0 --numeric-owner -cJf "$samples/freefem.tar.xz" freefem
rm -rf "$work"
