#!/bin/bash
# Makes the openfoam_*.tar.xz beside this script with OpenFOAM v1912 (Debian 12: openfoam).
# Each case is icoFoam (or simpleFoam) in a sheared box of 24 cells; probes and integrals are the solver's own figures.
set -e
samples=$(cd "$(dirname "$0")" && pwd)
export WM_PROJECT_DIR=/usr/share/openfoam
work=$(mktemp -d)
cd "$work"

header() { printf 'FoamFile\n{\n version 2.0; format ascii; class %s; object %s;\n}\n' "$1" "$2"; }

new_case() { # name format compression application
    mkdir -p "$1"/{0,constant,system}
    cd "$1"
    { header dictionary blockMeshDict; cat <<'END'
scale 1;
vertices ((0 0 0) (0.1 0 0) (0.12 0.1 0) (0.01 0.09 0) (0 0 0.05) (0.1 0.01 0.05) (0.1 0.1 0.06) (0 0.1 0.05));
blocks (hex (0 1 2 3 4 5 6 7) (4 3 2) simpleGrading (2 1 0.5));
edges ();
boundary
(
    inlet { type patch; faces ((0 4 7 3)); }
    outlet { type patch; faces ((2 6 5 1)); }
    walls { type wall; faces ((3 7 6 2) (1 5 4 0) (0 3 2 1) (4 5 6 7)); }
);
mergePatchPairs ();
END
    } > system/blockMeshDict
    { header dictionary controlDict; cat <<END
application $4; startFrom startTime; startTime 0; stopAt endTime; endTime ${5:-0.03}; deltaT ${6:-0.005};
writeControl timeStep; writeInterval ${7:-3}; purgeWrite 0; writeFormat $2; writePrecision 6; writeCompression $3;
timeFormat general; timePrecision 6; runTimeModifiable false;
functions
{
    integrals
    {
        type volFieldValue; libs ("libfieldFunctionObjects.so"); writeControl writeTime; writeFields false;
        log false; regionType all; operation volIntegrate; fields (U p);
    }
    gradient { type grad; libs ("libfieldFunctionObjects.so"); field U; executeControl timeStep; writeControl writeTime; }
    average
    {
        type fieldAverage; libs ("libfieldFunctionObjects.so"); writeControl writeTime;
        fields (U { mean on; prime2Mean on; base time; });
    }
    probes
    {
        type probes; libs ("libsampling.so"); writeControl writeTime; fields (U p "grad.*" UPrime2Mean);
        interpolationScheme cell; probeLocations ((0.0098 0.016 0.0168) (0.0574 0.0494 0.0174) (0.0855 0.0844 0.0474));
    }
}
END
    } > system/controlDict
    { header dictionary fvSchemes; cat <<END
ddtSchemes { default ${8:-Euler}; }
gradSchemes { default Gauss linear; }
divSchemes { default none; div(phi,U) bounded Gauss upwind; div((nuEff*dev2(T(grad(U))))) Gauss linear; }
laplacianSchemes { default Gauss linear corrected; }
interpolationSchemes { default linear; }
snGradSchemes { default corrected; }
END
    } > system/fvSchemes
    if [ "$4" = icoFoam ]; then sed -i 's/bounded Gauss upwind/Gauss linear/' system/fvSchemes; fi
    { header dictionary fvSolution; cat <<'END'
solvers
{
    p { solver PCG; preconditioner DIC; tolerance 1e-8; relTol 0; }
    pFinal { $p; }
    U { solver smoothSolver; smoother symGaussSeidel; tolerance 1e-8; relTol 0; }
}
PISO { nCorrectors 2; nNonOrthogonalCorrectors 1; pRefCell 0; pRefValue 0; }
SIMPLE { nNonOrthogonalCorrectors 1; pRefCell 0; pRefValue 0; residualControl { p 1e-4; U 1e-4; } }
relaxationFactors { fields { p 0.3; } equations { U 0.7; } }
END
    } > system/fvSolution
    { header dictionary decomposeParDict; echo 'numberOfSubdomains 3; method simple; simpleCoeffs { n (3 1 1); delta 0.001; }'; } > system/decomposeParDict
    { header dictionary transportProperties; echo "transportModel Newtonian; nu nu [0 2 -1 0 0 0 0] ${nu:-0.01};"; } > constant/transportProperties
    { header dictionary turbulenceProperties; echo 'simulationType laminar;'; } > constant/turbulenceProperties
    { header volVectorField U; cat <<'END'
dimensions [0 1 -1 0 0 0 0];
internalField uniform (0 0 0);
boundaryField
{
    inlet { type fixedValue; value uniform (1 0.1 0); }
    outlet { type zeroGradient; }
    walls { type noSlip; }
}
END
    } > 0/U
    { header volScalarField p; cat <<'END'
dimensions [0 2 -2 0 0 0 0];
internalField uniform 0;
boundaryField { ".*" { type zeroGradient; } outlet { type fixedValue; value uniform 0; } }
END
    } > 0/p
    blockMesh > log.blockMesh
}

pack() { # name; files that no reader looks at stay out
    cd "$work/$1"
    rm -rf log.blockMesh log.decomposePar log.polyDualMesh log.postProcess dynamicCode system/blockMeshDict
    find . -path '*/polyMesh/*Zones' -delete
    find . -name uniform -prune -exec rm -r {} +
    find . \( -name UMean\* -o -name C\? -o -name C\?.gz \) -delete
    [ "$1" = ascii ] || find . \( -name 'phi*' -o -name 'UPrime*' -o -name 'grad*' \) -delete
    cd "$work"
    tar --sort=name --mtime=2026-01-01 --owner=0 --group=0 --numeric-owner -cJf "$samples/openfoam_$1.tar.xz" "$1"
}

new_case ascii ascii off icoFoam
icoFoam > log.icoFoam
postProcess -latestTime -funcs '(writeCellCentres writeCellVolumes)' > log.postProcess
pack ascii

new_case binary binary off icoFoam
icoFoam > log.icoFoam
pack binary

new_case gzip ascii on icoFoam
icoFoam > log.icoFoam
pack gzip

# Decomposed and not put together again: the root keeps time 0 alone.
new_case decomposed binary off icoFoam
decomposePar > log.decomposePar
mpirun --allow-run-as-root --oversubscribe -np 3 icoFoam -parallel > log.icoFoam
pack decomposed

# Converges before endTime: the times are iterations.
new_case steady ascii off simpleFoam 500 1 1000 steadyState
simpleFoam > log.simpleFoam
pack steady

# Polyhedra: the dual of the sheared box.
new_case polyhedra binary off icoFoam
polyDualMesh -overwrite 60 > log.polyDualMesh || true
icoFoam > log.icoFoam
postProcess -latestTime -funcs '(writeCellCentres writeCellVolumes)' > log.postProcess
pack polyhedra

# A time step far too large: a floating point exception, after some times were written.
nu=1e-7 new_case crashed ascii off icoFoam 20 0.5 1
icoFoam > log.icoFoam 2>&1 || true
pack crashed

# The same results as VTK files: legacy in text and binary, and XML in pieces of a multi-block list.
new_case foamtovtk ascii off icoFoam
icoFoam > log.icoFoam
foamToVTK -noZero -legacy -ascii -name text -fields '(U p)' > log.blockMesh
foamToVTK -noZero -legacy -name binary -fields '(U p)' > log.blockMesh
foamToVTK -noZero -name xml -fields '(U p)' > log.blockMesh
rm -r 0* constant system log.icoFoam
pack foamtovtk
rm -rf "$work"
