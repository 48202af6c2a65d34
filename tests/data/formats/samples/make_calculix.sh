#!/bin/bash
# Makes the ccx_*.tar.xz beside this script with CalculiX 2.20 (Debian 12: calculix-ccx).
# The .dat files are the solver's own prints of what the .frd files hold.
set -e
samples=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)

job() { # sample job: runs the job from stdin; a job that diverges is kept as it is
    mkdir -p "$work/$1"
    cd "$work/$1"
    cat > "$2.inp"
    OMP_NUM_THREADS=1 ccx "$2" > "$2.log" 2>&1 || true
    rm -f spooles.out "$2.12d" "$2.cvg"
}

pack() {
    cd "$work"
    tar --sort=name --mtime=2026-01-01 --owner=0 --group=0 --numeric-owner -cJf "$samples/ccx_$1.tar.xz" "$1"
}

# One element of each solid type, edges bent at no place; the displacement u = A x gives one stress everywhere.
solids() { # FILE (text) or OUTPUT (binary)
    python3 - "$1" <<'END'
import sys

brick = [(0, 0, 0), (2, 0, 0), (2, 1, 0), (0, 1, 0), (0, 0, 3), (2, 0, 3), (2, 1, 3), (0, 1, 3)]
wedge = [(0, 0, 0), (2, 0, 0), (0, 1, 0), (0, 0, 3), (2, 0, 3), (0, 1, 3)]
tetra = [(0, 0, 0), (2, 0, 0), (0, 1, 0), (0, 0, 3)]
brick_edges = [(0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 4), (0, 4), (1, 5), (2, 6), (3, 7)]
wedge_edges = [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3), (0, 3), (1, 4), (2, 5)]
tetra_edges = [(0, 1), (1, 2), (2, 0), (0, 3), (1, 3), (2, 3)]
kinds = [("C3D8", brick, []), ("C3D6", wedge, []), ("C3D4", tetra, []),
         ("C3D20", brick, brick_edges), ("C3D15", wedge, wedge_edges), ("C3D10", tetra, tetra_edges)]
strain = [(1e-3, 4e-4, -3e-4), (0, 2e-3, 5e-4), (0, 0, -6e-4)]
nodes, elements = [], []
for i, (kind, corners, edges) in enumerate(kinds):
    own = corners + [tuple((corners[a][k] + corners[b][k]) / 2 for k in range(3)) for a, b in edges]
    # Numbers with gaps, so that positions and numbers differ.
    numbers = list(range(len(nodes) * 3 + 7, len(nodes) * 3 + 7 + len(own)))
    nodes += [(n, x + 5 * i, y, z) for n, (x, y, z) in zip(numbers, own)]
    elements.append((kind, numbers))
print("*HEADING\nOne element of each solid type\n*NODE, NSET=N")
for node in nodes:
    print(",".join(map(str, node)))
for i, (kind, numbers) in enumerate(elements):
    print(f"*ELEMENT, TYPE={kind}, ELSET=E")
    row = [i + 11, *numbers]
    while row:
        print(",".join(map(str, row[:16])) + ("," if len(row) > 16 else ""))
        row = row[16:]
print("*MATERIAL, NAME=M\n*ELASTIC\n210000.,0.3\n*SOLID SECTION, ELSET=E, MATERIAL=M")
print("*STEP\n*STATIC\n*BOUNDARY")
for number, *at in nodes:
    for i, row in enumerate(strain):
        print(f"{number},{i + 1},{i + 1},{sum(a * x for a, x in zip(row, at)):.9g}")
print(f"*NODE {sys.argv[1]}\nU\n*{'EL FILE' if sys.argv[1] == 'FILE' else 'ELEMENT OUTPUT'}\nS")
print("*NODE PRINT, NSET=N\nU\n*EL PRINT, ELSET=E\nS\n*END STEP")
END
}
solids FILE | job solids text
solids OUTPUT | job solids binary
pack solids

# A bar that heats up from one end: two steps of several increments, printed at each.
bar() { cat <<END
*NODE, NSET=N
1,0,0,0
2,1,0,0
3,2,0,0
4,0,1,0
5,1,1,0
6,2,1,0
7,0,0,1
8,1,0,1
9,2,0,1
10,0,1,1
11,1,1,1
12,2,1,1
*NSET, NSET=HOT
1,4,7,10
*ELEMENT, TYPE=C3D8, ELSET=E
1,1,2,5,4,7,8,11,10
2,2,3,6,5,8,9,12,11
*MATERIAL, NAME=M
END
}
{ bar; cat <<'END'
*CONDUCTIVITY
50.
*DENSITY
1.
*SPECIFIC HEAT
40.
*SOLID SECTION, ELSET=E, MATERIAL=M
*INITIAL CONDITIONS, TYPE=TEMPERATURE
N,20.
*STEP
*HEAT TRANSFER, DIRECT
0.25,0.5
*BOUNDARY
HOT,11,11,100.
*NODE FILE
NT
*EL FILE
HFL
*NODE PRINT, NSET=N
NT
*END STEP
*STEP
*HEAT TRANSFER, DIRECT
0.5,1.
*BOUNDARY
HOT,11,11,50.
*NODE FILE
NT
*NODE PRINT, NSET=N
NT
*END STEP
END
} | job heating bar
pack heating

# Natural modes.
{ bar; cat <<'END'
*ELASTIC
1000.,0.3
*DENSITY
1.
*SOLID SECTION, ELSET=E, MATERIAL=M
*BOUNDARY
HOT,1,3
*STEP
*FREQUENCY
4
*NODE FILE
U
*END STEP
END
} | job modes bar
pack modes

# Forced vibration: real and imaginary parts, and twelve components of magnitude and phase on two lines.
{ bar; cat <<'END'
*ELASTIC
1000.,0.3
*DENSITY
1.
*SOLID SECTION, ELSET=E, MATERIAL=M
*BOUNDARY
HOT,1,3
*STEP
*FREQUENCY, STORAGE=YES
4
*END STEP
*STEP
*STEADY STATE DYNAMICS
0.1,1.,3
*MODAL DAMPING
1,4,0.02
*CLOAD
3,2,1.
*EL FILE
S,PHS
*END STEP
END
} | job harmonic bar
rm -f "$work"/harmonic/bar.eig
pack harmonic

# A shell and a beam, written flat.
job shells flat <<'END'
*NODE, NSET=N
1,0,0,0
2,1,0,0
3,2,0,0
4,0,1,0
5,1,1,0
6,2,1,0
7,0,0,2
8,1,0,2
9,2,0,2
*ELEMENT, TYPE=S4, ELSET=S
1,1,2,5,4
2,2,3,6,5
*ELEMENT, TYPE=B32, ELSET=B
3,7,8,9
*MATERIAL, NAME=M
*ELASTIC
1000.,0.3
*SHELL SECTION, ELSET=S, MATERIAL=M
0.1
*BEAM SECTION, ELSET=B, MATERIAL=M, SECTION=RECT
0.1,0.1
0.,1.,0.
*BOUNDARY
1,1,6
4,1,6
7,1,6
*STEP
*STATIC
*CLOAD
3,3,0.01
9,3,0.01
*NODE FILE, OUTPUT=2D
U
*NODE PRINT, NSET=N
U
*END STEP
END
pack shells

# A load beyond the limit load of a plastic bar: diverges, and the last attempt is written as if it were a result.
{ bar; cat <<'END'
*ELASTIC
1000.,0.3
*PLASTIC
10.,0.
10.5,1.
*SOLID SECTION, ELSET=E, MATERIAL=M
*BOUNDARY
HOT,1,3
*STEP, NLGEOM, INC=20
*STATIC
0.5,1.,0.05
*CLOAD
3,2,2.
6,2,2.
9,2,2.
12,2,2.
*NODE FILE
U
*NODE PRINT, NSET=N
U
*END STEP
END
} | job diverged bar
pack diverged
rm -rf "$work"
