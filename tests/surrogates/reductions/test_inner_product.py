"""Inner products that mean something: modes do not depend on the mesh, on units, or on what lies outside."""

import numpy as np
import pytest
from scipy import sparse

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.reductions.pod.inner_product import InnerProduct
from fieldwright.surrogates.reductions.svd import SVDConfig, SVDReduction


def line(edges):
    """Cell centres and lengths, nodes, and the P1 mass matrix of an interval cut at the edges."""
    h = np.diff(edges)
    main = np.concatenate([[0.0], h / 3]) + np.concatenate([h / 3, [0.0]])
    mass = sparse.diags_array([h / 6, main, h / 6], offsets=[-1, 0, 1]).tocsr()
    return (edges[1:] + edges[:-1]) / 2, h, mass


def runs(x):
    """Ten snapshots at the points x of a family with three modes."""
    t = np.linspace(0.0, 1.0, 10)[:, None]
    return np.cos(t) * np.sin(np.pi * x) + t**2 * np.cos(3 * x) + 0.1 * np.sin(5 * t) * x**2


@pytest.mark.parametrize("kind", ["volumes", "mass"])
def test_singular_values_do_not_depend_on_the_mesh(kind):
    found = []
    for edges in (np.linspace(0, 1, 3001), np.linspace(0, 1, 4001) ** 3):
        centres, h, mass = line(edges)
        if kind == "volumes":
            x, inner = runs(centres), InnerProduct.of_field(len(h), volumes=h)
        else:
            x, inner = runs(edges), InnerProduct.of_field(len(edges), mass=mass)
        found.append(SVDReduction(SVDConfig(rank=3)).fit(x, inner).singular_values_)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)
    plain = [
        SVDReduction(SVDConfig(rank=3)).fit(runs(e)).singular_values_
        for e in (edges, np.linspace(0, 1, 3001))
    ]
    assert abs(plain[0] / plain[1] - 1).max() > 0.1


@pytest.mark.parametrize("method", ["snapshots", "covariance"])
@pytest.mark.parametrize("disorder", [False, True])
def test_mass_matrix_is_the_inner_product(method, disorder, stored):
    rng = np.random.default_rng(0)
    m = 600
    _, _, mass = line(np.sort(rng.uniform(size=m)))
    x = rng.normal(size=(9, m)) * 10.0 ** -np.arange(9)[:, None] + 2.0
    if disorder:
        order = rng.permutation(m)
        x, mass = x[:, order], mass[order][:, order]
    # Stripes of 64 columns: the mass matrix reaches from one into others.
    svd = SVDReduction(SVDConfig(rank=8, method=method)).fit(
        stored(x, (3, 64)), InnerProduct.of_field(m, mass=mass)
    )
    factor = np.linalg.cholesky(mass.toarray())
    exact = np.linalg.svd((x - x.mean(axis=0)) @ factor, compute_uv=False)[:8]
    np.testing.assert_allclose(svd.singular_values_, exact, rtol=1e-8)
    np.testing.assert_allclose(svd.basis_ @ mass @ svd.basis_.T, np.eye(8), atol=1e-10)
    z = rng.normal(size=(3, 8))
    np.testing.assert_allclose(svd.encode(svd.decode(z)), z, atol=1e-10)
    left = np.sqrt((exact[4:] ** 2).sum() / (exact**2).sum())
    np.testing.assert_allclose(svd.projection_errors(x)[4], left, rtol=1e-6)
    again = SVDReduction.restore(svd.config, {name: a.copy() for name, a in svd.state().items()})
    assert np.array_equal(again.encode(x), svd.encode(x))


@pytest.mark.parametrize("method", ["snapshots", "covariance", "krylov"])
def test_fields_scaled_apart_do_not_depend_on_their_units(method):
    rng = np.random.default_rng(1)
    velocity, pressure = rng.normal(size=(12, 2 * 50)), rng.normal(size=(12, 30))
    volumes = rng.uniform(1, 2, 50)
    inner = InnerProduct.joined(
        [
            InnerProduct.of_field(50, 2, volumes=volumes, scale="field"),
            InnerProduct.of_field(30, volumes=volumes[:30]),
        ]
    )
    config = SVDConfig(rank=5, method=method)
    si = SVDReduction(config).fit(np.hstack([velocity, pressure]), inner)
    mm = SVDReduction(config).fit(np.hstack([velocity * 1e3, pressure * 1e-6]), inner)
    np.testing.assert_allclose(mm.singular_values_, si.singular_values_, rtol=1e-10)
    np.testing.assert_allclose(mm.basis_[:, :100], si.basis_[:, :100] * 1e3, rtol=1e-6, atol=1e-6)
    # Each of the two fields holds half of all energy: one for each snapshot.
    np.testing.assert_allclose(si.total_energy_, 2 * 12, rtol=1e-12)


def test_components_can_be_scaled_apart():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(8, 40, 3)) * [1.0, 100.0, 1e-4]
    scaled = SVDReduction(SVDConfig(rank=7)).fit(
        x.reshape(8, -1), InnerProduct.of_field(40, 3, scale="component")
    )
    own = x - x.mean(axis=0)
    own /= np.sqrt((own**2).sum(axis=(0, 1)) / 8)
    exact = np.linalg.svd(own.reshape(8, -1), compute_uv=False)[:7]
    np.testing.assert_allclose(scaled.singular_values_, exact, rtol=1e-10)


@pytest.mark.parametrize("method", ["snapshots", "covariance", "krylov"])
def test_values_outside_the_domain_do_not_matter(method):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(6, 20, 2))
    inside = rng.uniform(size=20) > 0.3
    inner = InnerProduct.of_field(20, 2, inside=inside)
    solid = x.copy()
    solid[:, ~inside] = np.nan
    svd = SVDReduction(SVDConfig(rank=4, method=method)).fit(solid.reshape(6, -1), inner)
    only = SVDReduction(SVDConfig(rank=4)).fit(x[:, inside].reshape(6, -1))
    np.testing.assert_allclose(svd.singular_values_, only.singular_values_, rtol=1e-10)
    z = svd.encode(solid.reshape(6, -1))
    back = svd.decode(z).reshape(6, 20, 2)
    assert np.isnan(back[:, ~inside]).all()
    np.testing.assert_allclose(
        back[:, inside].reshape(6, -1), only.decode(only.encode(x[:, inside].reshape(6, -1)))
    )


def test_a_field_without_energy_is_not_scaled_up():
    x = np.hstack([np.random.default_rng(4).normal(size=(5, 10)), np.full((5, 10), 3.0)])
    inner = InnerProduct.joined([InnerProduct.of_field(10), InnerProduct.of_field(10)])
    svd = SVDReduction(SVDConfig(rank=4)).fit(x, inner)
    np.testing.assert_allclose(svd.basis_[:, 10:], 0.0, atol=1e-12)
    np.testing.assert_allclose(svd.decode(svd.encode(x)), x, atol=1e-12)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: InnerProduct.of(np.array([1.0, 0.0]), 2), "Weights given as an array must be positive"),
        (lambda: InnerProduct.of(np.ones(3), 2), "a weight for each of the 2 columns. Got 3 weights"),
        (lambda: InnerProduct(np.array([1.0, -1.0])), "finite and not negative"),
        (
            lambda: InnerProduct(np.ones(2), sparse.csr_array([[1.0, 0.5], [0.0, 1.0]])),
            "must be symmetric with a positive diagonal",
        ),
        (
            lambda: InnerProduct(np.ones(2), sparse.csr_array([[1.0, 0.5], [0.5, 1.0]]), np.array([0, 1])),
            "must not couple columns that are scaled apart",
        ),
    ],
)
def test_inner_products_that_are_none_are_refused(make, text):
    with pytest.raises(ModelError, match=text.replace("(", r"\(")):
        make()


def test_an_indefinite_mass_matrix_is_found_out():
    mass = sparse.csr_array([[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(ModelError, match="must be positive definite"):
        SVDReduction(SVDConfig(rank=2, centre=False)).fit(np.eye(2), InnerProduct.of_field(2, mass=mass))
