from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fieldwright.surrogates.fields.transforms.scaler import Scaler

TABLES = arrays(np.float64, (7, 3), elements=st.floats(-1e6, 1e6, width=32))


@given(TABLES)
def test_scales_to_zero_mean_and_unit_variance_and_back(values):
    scaler = Scaler.fit(values)
    scaled = scaler.scaled(values)
    varies = scaler.scale != 1.0
    np.testing.assert_allclose(scaled.mean(axis=0), 0.0, atol=1e-3)
    np.testing.assert_allclose(scaled.std(axis=0)[varies], 1.0, rtol=1e-6)
    np.testing.assert_allclose(scaler.unscaled(scaled), values, rtol=1e-9, atol=1e-9)


def test_a_constant_column_is_only_shifted():
    scaled = Scaler.fit(np.full((4, 1), 293.15)).scaled(np.array([[293.15], [294.15]]))
    np.testing.assert_allclose(scaled, [[0.0], [1.0]], atol=1e-12)
