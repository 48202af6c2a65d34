#!/bin/bash
# Makes saturne.tar.xz beside this script with code_saturne 6.0 and Gmsh (Debian 12: code-saturne, gmsh):
# a laminar channel of 12 cells, 4 time steps, written every second one as MED, EnSight Gold and CGNS.
# monitoring/ holds the solver's own probes at the centre of a cell.
set -e
samples=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
mkdir "$work/saturne"
cd "$work/saturne"
cat > box.geo <<'END'
Point(1) = {0, 0, 0}; Point(2) = {2, 0, 0}; Point(3) = {2, 1, 0}; Point(4) = {0, 1, 0};
Line(1) = {1, 2}; Line(2) = {2, 3}; Line(3) = {3, 4}; Line(4) = {4, 1};
Curve Loop(1) = {1, 2, 3, 4}; Plane Surface(1) = {1};
Transfinite Curve{1, 3} = 4; Transfinite Curve{2, 4} = 3; Transfinite Surface{1};
Recombine Surface{1};
box[] = Extrude {0, 0, 0.5} { Surface{1}; Layers{2}; Recombine; };
Physical Volume(1) = {box[1]};
Physical Surface(2) = {box[5]};
Physical Surface(3) = {box[3]};
Physical Surface(4) = {1, box[0], box[2], box[4]};
END
gmsh -3 box.geo -format msh22 -o box.msh -v 1
writer() { # id label format
    printf '<writer id="%s" label="%s"><directory name="postprocessing"/><format name="%s" options=""/>' "$@"
    echo '<frequency period="time_step">2</frequency><output_at_end status="off"/>'
    echo '<time_dependency choice="fixed_mesh"/></writer>'
}
cat > setup.xml <<END
<?xml version="1.0" encoding="utf-8"?>
<Code_Saturne_GUI case="channel" solver_version="6.0;6.0" study="saturne" version="2.0">
<additional_scalars><users/></additional_scalars>
<analysis_control>
  <output>
    <mesh id="-1" label="Fluid domain" type="cells">
      <all_variables status="on"/><location>all[]</location><writer id="-1"/><writer id="2"/><writer id="3"/>
    </mesh>
    <mesh id="-2" label="Boundary" type="boundary_faces"><all_variables status="off"/><location>all[]</location></mesh>
    $(writer -1 results ensight) $(writer 2 med med) $(writer 3 cgns cgns)
    <probe name="1" status="on"><probe_x>1</probe_x><probe_y>0.25</probe_y><probe_z>0.125</probe_z></probe>
    <probe_recording_frequency>1</probe_recording_frequency><probes_snap choice="center"/>
  </output>
  <time_parameters>
    <iterations>4</iterations><time_passing>0</time_passing><time_step_ref>0.05</time_step_ref>
  </time_parameters>
</analysis_control>
<boundary_conditions>
  <boundary label="inlet" name="1" nature="inlet">2</boundary>
  <boundary label="outlet" name="2" nature="outlet">3</boundary>
  <boundary label="walls" name="3" nature="wall">4</boundary>
  <inlet field_id="none" label="inlet">
    <velocity_pressure choice="norm" direction="normal"><norm>1</norm></velocity_pressure>
  </inlet>
  <outlet field_id="none" label="outlet"/>
  <wall field_id="none" label="walls"><velocity_pressure choice="off"/></wall>
</boundary_conditions>
<physical_properties><fluid_properties>
  <property choice="constant" label="Density" name="density"><initial_value>1</initial_value></property>
  <property choice="constant" label="LamVisc" name="molecular_viscosity"><initial_value>0.05</initial_value></property>
</fluid_properties></physical_properties>
<solution_domain><volumic_conditions>
  <zone id="1" initialization="on" label="all_cells" name="all_cells">all[]</zone>
</volumic_conditions></solution_domain>
<thermophysical_models>
  <turbulence model="off"/><thermal_scalar model="off"/>
  <velocity_pressure>
    <variable label="Pressure" name="pressure"/><variable dimension="3" label="Velocity" name="velocity"/>
  </velocity_pressure>
</thermophysical_models>
</Code_Saturne_GUI>
END
USER=root /usr/lib/code_saturne/cs_preprocess box.msh > log.preprocess
USER=root OMP_NUM_THREADS=1 /usr/lib/code_saturne/cs_solver > log.solver
mv postprocessing/* .
rm -rf mesh_input box.msh log.* *.log postprocessing checkpoint ./*[Bb][Oo][Uu][Nn][Dd]* setup.log run_*
cd "$work"
tar --sort=name --mtime=2026-01-01 --owner=0 --group=0 --numeric-owner -cJf "$samples/saturne.tar.xz" saturne
rm -rf "$work"
