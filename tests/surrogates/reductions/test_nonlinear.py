"""Kernel PCA and autoencoders: what is known of them in closed form, and that they beat the POD where they should."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import KernelPCA as Sklearn

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.reductions.autoencoder import Autoencoder, AutoencoderConfig
from fieldwright.surrogates.reductions.kernel_pca import KernelPCA, KernelPCAConfig
from fieldwright.surrogates.reductions.neural.networks import (
    ConvolutionalDecoder,
    ConvolutionalEncoder,
    levels,
)
from fieldwright.surrogates.reductions.pod.inner_product import InnerProduct
from fieldwright.surrogates.reductions.selection import contest, squared_errors
from fieldwright.surrogates.reductions.svd import SVDConfig, SVDReduction
from fieldwright.surrogates.reductions.vae import VAE, VAEConfig, negative_elbo

X = np.linspace(0.0, 1.0, 80)


def fronts(t):
    """Snapshots of a front that moves through [0, 1]: many POD modes, one parameter."""
    return np.tanh((X - 0.2 - 0.6 * np.asarray(t)[:, None]) * 20)


def relative_error(reduction, train, test):
    return np.sqrt(squared_errors(reduction, test).sum() / ((test - train.mean(axis=0)) ** 2).sum())


def test_kernel_pca_encodes_as_scikit_learn_does():
    rng = np.random.default_rng(0)
    train, test = fronts(rng.uniform(size=30)), fronts(rng.uniform(size=7))
    own = KernelPCA(KernelPCAConfig(rank=4, pod_energy=1.0)).fit(train)
    other = Sklearn(4, kernel="rbf", gamma=own.gamma_, eigen_solver="dense").fit(train)
    np.testing.assert_allclose(own.encode(test), other.transform(test), atol=1e-7)


def test_a_very_wide_kernel_is_the_pod():
    train = np.random.default_rng(0).normal(size=(20, 6)) @ np.diag([5, 3, 2, 1, 0.5, 0.1])
    own = KernelPCA(KernelPCAConfig(rank=3, width=1e3, pod_energy=1.0)).fit(train)
    z, pod = own.encode(train), SVDReduction(SVDConfig(rank=3)).fit(train).encode(train)
    correlation = np.corrcoef(z.T, pod.T)[:3, 3:]
    np.testing.assert_allclose(np.abs(correlation), np.eye(3), atol=1e-4)


def test_untrained_autoencoders_are_the_pod():
    train = np.random.default_rng(0).normal(size=(12, 48)).astype(np.float32)
    pod = SVDReduction(SVDConfig(rank=3)).fit(train)
    expected = pod.decode(pod.encode(train))
    for config, kind in [
        (AutoencoderConfig(rank=3, epochs=0, pod_energy=1.0), Autoencoder),
        (AutoencoderConfig(rank=3, epochs=0, grid=(48,), hidden=(4,)), Autoencoder),
        (AutoencoderConfig(rank=3, epochs=0, grid=(4, 6), components=2, hidden=(4,)), Autoencoder),
        (VAEConfig(rank=3, epochs=0, pod_energy=1.0), VAE),
    ]:
        own = kind(config).fit(train)
        np.testing.assert_allclose(own.decode(own.encode(train)), expected, atol=1e-5)
        np.testing.assert_allclose(own.encode(train).std(axis=0), 1.0, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "factor"),
    [
        (lambda: KernelPCA(KernelPCAConfig(rank=2)), 0.2),
        (lambda: Autoencoder(AutoencoderConfig(rank=2, hidden=(64, 64), epochs=800)), 0.2),
        (lambda: Autoencoder(AutoencoderConfig(rank=2, grid=(80,), hidden=(8,), epochs=300)), 0.5),
        (lambda: VAE(VAEConfig(rank=2, hidden=(64, 64), epochs=800)), 0.9),
    ],
    ids=["kernel_pca", "dense", "convolutional", "vae"],
)
def test_on_a_moving_front_they_beat_the_pod_of_their_rank(make, factor):
    rng = np.random.default_rng(1)
    train, test = fronts(rng.uniform(size=40)), fronts(rng.uniform(size=12))
    pod = SVDReduction(SVDConfig(rank=2)).fit(train)
    assert relative_error(make().fit(train, seed=2), train, test) < factor * relative_error(pod, train, test)


@pytest.mark.parametrize("grid", [(7,), (101,), (5, 9), (32, 17)])
def test_convolutions_keep_the_size_of_any_grid(grid):
    encoder, decoder = ConvolutionalEncoder(grid, 2, 4, 3), ConvolutionalDecoder(grid, 2, 4, 3)
    values = torch.randn(6, 2 * int(np.prod(grid)))
    assert encoder(values).shape == (6, 3)
    assert decoder(torch.randn(6, 3)).shape == values.shape
    assert levels(grid)[0] == grid
    assert min(levels(grid)[-1]) >= min(4, min(grid))


def test_convolutions_see_points_and_components_where_they_are():
    encoder = ConvolutionalEncoder((16,), 2, 4, 1)
    torch.nn.init.normal_(encoder.layers[-1].weight)
    seen = []
    encoder.layers[0].register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    encoder(torch.arange(32.0)[None])
    assert seen[0].shape == (1, 2, 16)
    assert seen[0][0, 1, :3].tolist() == [1.0, 3.0, 5.0]


def test_a_grid_of_another_size_is_refused():
    with pytest.raises(ModelError, match=r"A grid of 4 x 5 points with 1 components.*Got 21 values"):
        Autoencoder(AutoencoderConfig(rank=1, grid=(4, 5))).fit(np.random.default_rng(0).normal(size=(5, 21)))


def test_negative_elbo_at_the_exact_posterior_is_the_likelihood():
    # x = a z + noise / sqrt(w): p(x) = N(0, a^2 + v / w), posterior N(a x / (a^2 + v / w), (v / w) / (a^2 + v / w)).
    a, v, w, x = 1.7, 0.3, 2.5, 0.9
    total = a**2 + v / w
    mu, variance = a * x / total, (v / w) / total
    eps = torch.randn(400_000, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    z = mu + np.sqrt(variance) * eps
    bound = negative_elbo(
        torch.full((1, 1), x, dtype=torch.float64),
        a * z,
        torch.full((1, 1), mu, dtype=torch.float64),
        torch.log(torch.full((1, 1), variance, dtype=torch.float64)),
        torch.tensor(np.log(v)),
        torch.tensor([w], dtype=torch.float64),
    )
    likelihood = 0.5 * (x**2 / total + np.log(2 * np.pi * total))
    assert abs(float(bound.mean()) - likelihood) < 5 * float(bound.std()) / np.sqrt(len(bound))


def test_negative_elbo_off_the_posterior_is_above_the_likelihood():
    # x = z + noise at x = 1 with the prior as encoder: E (1 - z)^2 / 2 = 1, and no divergence.
    z = torch.randn(200_000, 1, generator=torch.Generator().manual_seed(0))
    none = torch.zeros(1, 1)
    off = negative_elbo(torch.ones(1, 1), z, none, none, torch.tensor(0.0), torch.ones(1)).mean()
    assert abs(float(off) - (1 + 0.5 * np.log(2 * np.pi))) < 0.01
    assert float(off) > 0.5 * (1 / 2 + np.log(2 * np.pi * 2))


def test_the_codes_of_a_vae_follow_its_prior():
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, 200)[:, None]
    x = 3.0 * np.cos(angle + X[None, :]) + 0.1 * rng.normal(size=(200, 80))
    own = VAE(VAEConfig(rank=2, hidden=(32,), epochs=300)).fit(x)
    z = own.encode(x)
    np.testing.assert_allclose(z.mean(axis=0), 0.0, atol=0.25)
    assert ((z.std(axis=0) > 0.7) & (z.std(axis=0) < 1.2)).all()


def test_a_nonlinear_reduction_is_chosen_only_where_it_beats_the_pod():
    rng = np.random.default_rng(3)
    kernel = KernelPCAConfig(rank=2)
    moving = contest([kernel], fronts(rng.uniform(size=40)), folds=4)
    assert moving.config == kernel
    assert moving.candidates[0] == kernel
    linear = rng.normal(size=(40, 2)) @ rng.normal(size=(2, 80)) + 1e-3 * rng.normal(size=(40, 80))
    flat = contest([kernel], linear, folds=4)
    assert flat.config == SVDConfig(rank=2)
    assert flat.errors.shape == (2, 40)


def test_errors_of_a_contest_are_those_of_held_out_runs():
    x = np.random.default_rng(0).normal(size=(6, 3, 20))
    groups = np.repeat(np.arange(6), 3)
    w = np.linspace(1, 2, 20)
    inner = InnerProduct.of_field(20, volumes=w)
    flat = x.reshape(18, 20)
    found = contest([SVDConfig(rank=2)], flat, inner, groups=groups, folds=6)
    test = groups == 4
    pod = SVDReduction(SVDConfig(rank=2)).fit(flat[~test], w)
    rest = ((flat[test] - pod.decode(pod.encode(flat[test]))) ** 2 * w).sum(axis=1)
    spread = ((flat - flat.mean(axis=0)) ** 2 * w).sum(axis=1).mean()
    np.testing.assert_allclose(found.errors[0, test], np.sqrt(rest / spread))


def test_more_folds_than_runs_are_refused():
    with pytest.raises(ModelError, match=r"must be in 2\.\.3 \(the number of runs\)"):
        contest([SVDConfig(rank=1)], np.eye(3), folds=5)
