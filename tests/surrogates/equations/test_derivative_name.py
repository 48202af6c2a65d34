"""Names of derivatives: what they mean, their units, and what is no derivative."""

from __future__ import annotations

import pytest

from fieldwright.data.errors import QueryError
from fieldwright.surrogates.equations.derivative_name import DerivativeName

OUTPUTS, INPUTS = ("u", "theta", "u_t"), ("x", "t", "nu", "tau")


@pytest.mark.parametrize(
    ("name", "output", "along"),
    [
        ("u_x", 0, (0,)),
        ("u_xxt", 0, (0, 0, 1)),
        ("theta_tx", 1, (1, 0)),
        ("u_nu", 0, (2,)),
        ("u_tau", 0, (3,)),  # not by t, a and u
        ("u_ttau", 0, (1, 3)),
        ("u_t_x", 2, (0,)),
    ],
)
def test_what_a_name_means(name, output, along):
    parsed = DerivativeName.parse(name, OUTPUTS, INPUTS)
    assert (parsed.output, parsed.along) == (output, along)


@pytest.mark.parametrize("name", ["u", "u_", "u_y", "v_x", "u_xy", "", "x_u"])
def test_what_is_no_derivative_is_told_what_there_is(name):
    with pytest.raises(
        QueryError, match="must be named like 'u_x', of the outputs u, theta, u_t by x, t, nu, tau"
    ):
        DerivativeName.parse(name, OUTPUTS, INPUTS)


def test_orders_are_limited():
    with pytest.raises(QueryError, match=r"of order 4 at most\. Got 'u_xxxxx', of order 5"):
        DerivativeName.parse("u_xxxxx", OUTPUTS, INPUTS)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("u_x", "K/m"),
        ("u_xx", "K/m2"),
        ("u_xt", "K/(m s)"),
        ("theta_t", "1/s"),
        ("u_nu", "K/(m2/s)"),
        ("theta_tau", ""),
    ],
)
def test_units_follow_from_those_of_outputs_and_inputs(name, unit):
    parsed = DerivativeName.parse(name, OUTPUTS, INPUTS)
    assert parsed.unit(("K", "", "K/s"), ("m", "s", "m2/s", "")) == unit
