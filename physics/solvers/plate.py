"""The demonstration case: a heated and cooled plate, pulled at its ends; geometry, material, parameters.

A steel plate 0.40 m x 0.10 m x 5 mm is heated by a mat on the middle of one face, cooled by two water channels that
pass through it, and pulled lengthwise. By symmetry its right half is computed: x in [0, 0.2], y in [0, 0.1] (metres).

Steady heat conduction, uniform through the thickness t (its drop of q t / 2k <= 1.25 K is neglected):

    -div(k t grad T) = q        in the patch under the mat, 0 elsewhere          [W/m2]
    k dT/dn = -h (T - T_a)      on the wall of the channel, the edge of the hole [W/m2]
    k dT/dn = 0                 on the symmetry edge and the free edges

so that all the heat q * (patch area) that enters through the face leaves through the edge of the hole.

Plane-stress thermoelasticity with that temperature:

    div sigma = 0,   sigma = D : (eps(u) - alpha (T - T_a) I),   eps(u) = (grad u + grad u^T) / 2
    D : e = E / (1 - nu^2) ((1 - nu) e + nu tr(e) I)
    sigma n = p e_x on the right edge;  u_x = 0, sigma_xy = 0 on the left (symmetry);  others free

One point of the left edge is held in y; it carries nothing because the loads balance in y. No support or corner makes
a singular stress: a roller edge is a mirror, and the corners are right angles between it and free edges.

Source: Boley and Weiner, Theory of Thermal Stresses (1960), sections 1.3 and 4.3 (plane stress).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from fieldwright.data.errors import FieldwrightError


@dataclass(frozen=True)
class Plate:
    """What does not vary between runs: lengths [m], temperatures [K], tension [Pa], Poisson's ratio [-].

    patch_length, patch_width: the heated rectangle, from x = 0 and centred on y = width / 2.
    tension: uniform normal traction p on the right edge.
    """

    length: float = 0.20
    width: float = 0.10
    thickness: float = 0.005
    hole_radius: float = 0.010
    patch_length: float = 0.025
    patch_width: float = 0.050
    ambient: float = 293.15
    tension: float = 30e6
    poisson: float = 0.30

    @property
    def hole_centre(self) -> tuple[float, float]:
        """Centre (x, y) [m] of the hole."""
        return self.length / 2, self.width / 2

    @property
    def patch_area(self) -> float:
        """Area [m2] of the heated rectangle."""
        return self.patch_length * self.patch_width


@dataclass(frozen=True)
class PlateParameters:
    """The five parameters of one run.

    heat_flux: q through the patch [W/m2]; convection: h on the hole's edge [W/(m2 K)]; conductivity: k [W/(m K)];
    youngs_modulus: E [Pa]; expansion: linear coefficient alpha [1/K].
    Raises FieldwrightError unless all are finite and positive (expansion and heat_flux may be zero).
    """

    heat_flux: float
    convection: float
    conductivity: float
    youngs_modulus: float
    expansion: float

    def __post_init__(self) -> None:
        for name in PARAMETER_NAMES:
            value = getattr(self, name)
            may_vanish = name in ("heat_flux", "expansion")
            if not np.isfinite(value) or value < 0 or (value == 0 and not may_vanish):
                raise FieldwrightError(
                    f"The plate's '{name}' must be a finite {'number >= 0' if may_vanish else 'number > 0'}",
                    repr(value),
                    f"Give it in {UNITS[name]}, within {BOUNDS[name][0]:g} to {BOUNDS[name][1]:g}",
                )


PARAMETER_NAMES: tuple[str, ...] = tuple(field.name for field in fields(PlateParameters))

UNITS: dict[str, str] = {
    "heat_flux": "W/m2",
    "convection": "W/(m2 K)",
    "conductivity": "W/(m K)",
    "youngs_modulus": "Pa",
    "expansion": "1/K",
}

# Steels from alloyed to plain carbon; a heating mat of 0.5 to 1.5 W/cm2; water that creeps or flows.
# The plate then stays between the ambient and 545 K, and its largest von Mises stress between 102 and 225 MPa.
BOUNDS: dict[str, tuple[float, float]] = {
    "heat_flux": (5e3, 15e3),
    "convection": (500.0, 2000.0),
    "conductivity": (30.0, 70.0),
    "youngs_modulus": (170e9, 230e9),
    "expansion": (10e-6, 17e-6),
}

FIELD_UNITS: dict[str, str] = {"temperature": "K", "displacement": "m", "von_mises": "Pa"}
