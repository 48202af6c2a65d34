#!/bin/bash
# Makes gmsh.tar.xz beside this script with GetDP 3.5 and Gmsh 4.8 (Debian 12: getdp, gmsh).
# A slab that warms up; middle.txt and integral.txt are GetDP's own prints of what the .msh files hold.
set -e
samples=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
mkdir "$work/gmsh"
cd "$work/gmsh"
cat > slab.geo <<'END'
SetFactory("OpenCASCADE");
Rectangle(1) = {0, 0, 0, 2, 1};
Characteristic Length{:} = 0.6;
Physical Surface("slab", 1) = {1};
Physical Curve("cold", 2) = {4};
Physical Curve("warm", 3) = {2};
END
cat > slab.pro <<'END'
Group { Slab = Region[1]; Cold = Region[2]; Warm = Region[3]; }
Constraint { { Name Ends; Case {
  { Region Cold; Value 0; } { Region Warm; Type Assign; TimeFunction $Time; Value 2; } } } }
FunctionSpace { { Name H; Type Form0;
  BasisFunction { { Name s; NameOfCoef v; Function BF_Node; Support Slab; Entity NodesOf[All]; } }
  Constraint { { NameOfCoef v; EntityType NodesOf; NameOfConstraint Ends; } } } }
Jacobian { { Name V; Case { { Region All; Jacobian Vol; } } } }
Integration { { Name I; Case { { Type Gauss; Case { { GeoElement Triangle; NumberOfPoints 4; } } } } } }
Formulation { { Name F; Type FemEquation; Quantity { { Name T; Type Local; NameOfSpace H; } } Equation {
  Galerkin { [ Dof{d T}, {d T} ]; In Slab; Jacobian V; Integration I; }
  Galerkin { DtDof[ Dof{T}, {T} ]; In Slab; Jacobian V; Integration I; } } } }
Resolution { { Name R; System { { Name A; NameOfFormulation F; } } Operation {
  InitSolution[A]; SaveSolution[A]; TimeLoopTheta[0, 1, 0.5, 1] { Generate[A]; Solve[A]; SaveSolution[A]; } } } }
PostProcessing { { Name P; NameOfFormulation F; Quantity {
  { Name T; Value { Term { [ {T} ]; In Slab; Jacobian V; } } }
  { Name gradient; Value { Term { [ {d T} ]; In Slab; Jacobian V; } } }
  { Name sum; Value { Integral { [ {T} ]; In Slab; Jacobian V; Integration I; } } } } } }
PostOperation { { Name O; NameOfPostProcessing P; Operation {
  Print[ T, OnElementsOf Slab, File "T.pos" ];
  Print[ gradient, OnElementsOf Slab, File "gradient.pos" ];
  Print[ sum[Slab], OnGlobal, Format TimeTable, File "integral.txt" ];
  Print[ gradient, OnPoint {1, 0.6, 0}, Format TimeTable, File "gradient.txt" ];
  Print[ T, OnPoint {1, 0.6, 0}, Format TimeTable, File "middle.txt" ]; } } }
END
gmsh -2 slab.geo -o slab.msh -format msh22 -v 1
getdp slab.pro -msh slab.msh -solve R -pos O -v 0
for view in T gradient; do
    printf 'Merge "%s.pos";\nSave View[0] "%s.msh";\n' $view $view > save.geo
    gmsh save.geo - -v 1
    # Only a view that comes with a mesh can be saved in other formats.
    printf 'Merge "%s.msh";\nSave View[0] "%s_binary.msh";\n' $view $view > save.geo
    gmsh -format msh22 -bin save.geo - -v 1
    printf 'Merge "%s.msh";\nSave View[0] "%s_new.msh";\n' $view $view > save.geo
    gmsh -format msh41 -bin save.geo - -v 1
done
# Meshes of second order with every kind of element, in each format.
cat > kinds.geo <<'END'
SetFactory("OpenCASCADE");
Mesh.ElementOrder = 2;
Mesh.SecondOrderLinear = 1;
Box(1) = {0, 0, 0, 1, 1, 1};
Transfinite Curve{:} = 2;
Transfinite Surface{:};
Recombine Surface{:};
Transfinite Volume{1};
Rectangle(20) = {0, 0, 3, 1, 1};
prism[] = Extrude {0, 0, 1} { Surface{20}; Layers{1}; Recombine; };
Box(30) = {3, 0, 0, 1, 1, 1};
Characteristic Length{:} = 2;
Physical Volume("all") = Volume{:};
END
for form in msh22 msh41; do
    gmsh -3 kinds.geo -o kinds_$form.msh -format $form -v 1
    gmsh -3 kinds.geo -o kinds_${form}_binary.msh -format $form -bin -v 1
done
sed 's/Mesh.ElementOrder = 2;/Mesh.ElementOrder = 2; Mesh.SecondOrderIncomplete = 1;/' kinds.geo > kinds_incomplete.geo
gmsh -3 kinds_incomplete.geo -o kinds_incomplete.msh -format msh41 -v 1
rm -f *.pos *.pre *.res save*.geo
cd "$work"
tar --sort=name --mtime=2026-01-01 --owner=0 --group=0 --numeric-owner -cJf "$samples/gmsh.tar.xz" gmsh
rm -rf "$work"
