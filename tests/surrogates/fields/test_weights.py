"""Means, integrals, errors and the reduction weigh each point by the part that it stands for."""

import numpy as np
import pytest

from fieldwright.data.errors import ModelError, QueryError
from fieldwright.data.mesh.measures import cell_shares, point_shares
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo
from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.fields.field_model import FieldModel
from fieldwright.surrogates.fields.quantities import Quantity, unit_of
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.persistence.artifact import read_artifact, write_artifact
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.reductions.svd import SVDConfig
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.search.latent_fold import LatentFold
from fieldwright.surrogates.understanding.gradients import gradients
from fieldwright.surrogates.understanding.sensitivity import sensitivity
from fieldwright.surrogates.validation.cross_validation import cross_validate
from fieldwright.surrogates.validation.holdout import HoldoutResult
from fieldwright.surrogates.validation.metrics import fluctuation_l2, r2, relative_l2

BAYES = kind_config({"kind": "bayes"})
QUERY, MIDDLE = np.array([[1.2, 1.7]]), np.array([[1.5, 1.5]])
EVEN, GRADED = np.linspace(0.0, 1.0, 9), np.r_[np.linspace(0.0, 0.02, 12), np.linspace(0.02, 1.0, 8)[1:]]


def sheet(x: np.ndarray, y: np.ndarray, kind: str = "quad") -> Mesh:
    """[0, 1] x [0, 1] by these coordinates, with an edge of lines and a point that no cell has."""
    a, b = np.meshgrid(x, y, indexing="ij")
    points = np.stack([a.ravel(), b.ravel(), np.zeros(a.size)], axis=1)
    first = (np.arange(len(x) - 1)[:, None] * len(y) + np.arange(len(y) - 1)).ravel()
    quads = np.stack([first, first + len(y), first + len(y) + 1, first + 1], axis=1)
    faces = (
        {"quad": quads} if kind == "quad" else {"triangle": np.vstack([quads[:, :3], quads[:, [0, 2, 3]]])}
    )
    edge = np.stack([np.arange(len(y) - 1), np.arange(1, len(y))], axis=1)
    return Mesh(np.vstack([points, [[7.0, 7.0, 0.0]]]), {"line": edge, **faces})


def linear(points: np.ndarray, x: np.ndarray) -> np.ndarray:
    """(n, points, 1): a x + b y, of mean (a + b) / 2 over the square."""
    return (x[:, :1] * points[:, 0] + x[:, 1:] * points[:, 1])[..., None]


def transient(points: np.ndarray, x: np.ndarray) -> np.ndarray:
    """(n, 3, points, 2): a vector that changes in time."""
    time = np.array([0.5, 1.0, 2.0])[None, :, None]
    u = linear(points, x)[..., 0][:, None] * time
    return np.stack([u, x[:, :1, None] * (points[:, 0] ** 2)[None, None] + time], axis=-1)


def parameters(n: int = 30) -> np.ndarray:
    return np.random.default_rng(3).uniform(1.0, 2.0, (n, 2))


def trained(mesh: Mesh, targets: dict, infos: list[FieldInfo], weights, x, kind=BAYES, **more) -> Surrogate:
    reductions = {name: SVDConfig() for name in targets}
    validation = cross_validate(kind, reductions, x, targets, folds=5, seed=0, weights=weights)
    return Surrogate.train(
        kind,
        reductions,
        x,
        targets,
        parameters=[ParameterInfo(name=name) for name in "ab"],
        fields=infos,
        points=dict.fromkeys(targets, mesh.points) | more.pop("points", {}),
        cells=mesh.cells,
        weights=weights,
        cross_validation=validation,
        seed=0,
        name="sheet",
        **more,
    )


@pytest.fixture(scope="module")
def graded() -> Surrogate:
    mesh, x = sheet(GRADED, EVEN), parameters()
    n, share = mesh.n_points, point_shares(mesh)
    infos = [
        FieldInfo(name="u", unit="K", n_points=n, measure="area"),
        FieldInfo(name="v", components=("x", "y"), times=(0.0, 1.0, 2.0), n_points=n, measure="area"),
    ]
    targets = {"u": linear(mesh.points, x), "v": transient(mesh.points, x)}
    return trained(mesh, targets, infos, {"u": share, "v": share}, x)


@pytest.mark.parametrize("kind", ["quad", "triangle"])
@pytest.mark.parametrize("x", [EVEN, GRADED], ids=["even", "graded"])
def test_the_quadrature_of_points_is_exact_for_linear_fields(x, kind):
    mesh = sheet(x, GRADED, kind)
    share = point_shares(mesh)
    assert share.sum() == pytest.approx(1.0)
    assert share[-1] == 0.0, "no cell has the last point"
    np.testing.assert_allclose(share @ mesh.points[:, :2], [0.5, 0.5], rtol=1e-12)


def test_lines_beside_faces_count_neither_for_points_nor_for_cells():
    mesh = sheet(GRADED, EVEN)
    share = cell_shares(mesh)
    assert (share[: len(EVEN) - 1] == 0.0).all()
    assert share.sum() == pytest.approx(1.0)
    lines = Mesh(mesh.points, {"line": mesh.cells["line"]})
    assert point_shares(lines).sum() == pytest.approx(1.0), "with lines alone the edge's length counts"


def test_the_mean_is_that_of_the_area_and_the_integral_that_times_the_area(graded):
    asked = [Quantity("mean", "u"), Quantity("integral", "u"), Quantity("mean", "v", "x")]
    said = graded.predict(QUERY, (), asked).quantities
    assert said["mean(u)"].mean[0] == pytest.approx(1.45, rel=1e-6)
    assert said["integral(u)"].mean[0] == pytest.approx(1.45, rel=1e-6), "the area is 1"
    np.testing.assert_allclose(said["mean(v.x)"].mean[0], 1.45 * np.array([0.5, 1.0, 2.0]), rtol=1e-6)
    assert unit_of(asked[1], graded.info("u")) == "K * (mesh unit)^2"


def test_an_integral_has_the_bands_of_the_mean_times_the_measure():
    mesh, x = sheet(GRADED, EVEN), parameters()
    mesh = Mesh(mesh.points * 3.0, mesh.cells)
    # It depends on a parameter: shares of the variance of noise alone are rounding.
    u = 5.0 + x[:, :1, None] + 0.1 * np.random.default_rng(0).standard_normal((30, mesh.n_points, 1))
    infos = [FieldInfo(name="u", n_points=mesh.n_points, measure="area")]
    model = trained(mesh, {"u": u}, infos, {"u": point_shares(mesh)}, x)
    said = model.predict(x[:3], (), [Quantity("mean", "u"), Quantity("integral", "u")]).quantities
    for part in ("mean", "std", "lower", "upper"):
        mean, whole = (getattr(said[f"{what}(u)"], part) for what in ("mean", "integral"))
        np.testing.assert_allclose(whole, 9.0 * mean, rtol=1e-12)
    asked = [Quantity("mean", "u"), Quantity("integral", "u")]
    slopes = gradients(model, x[:2], (), asked).quantities
    np.testing.assert_allclose(slopes["integral(u)"], 9.0 * slopes["mean(u)"], rtol=1e-12)
    indices = sensitivity(model, asked, n=16, seed=0)
    np.testing.assert_allclose(indices["integral(u)"].total, indices["mean(u)"].total, rtol=1e-9)


def test_the_integral_of_one_is_the_area():
    mesh, x = sheet(GRADED, EVEN, "triangle"), parameters(12)
    one = {"u": np.ones((12, mesh.n_points, 1))}
    infos = [FieldInfo(name="u", n_points=mesh.n_points, measure="area")]
    model = trained(mesh, one, infos, {"u": point_shares(mesh)}, x)
    said = model.predict(MIDDLE, (), [Quantity("integral", "u")]).quantities["integral(u)"]
    assert said.mean[0] == pytest.approx(1.0, rel=1e-9)


def test_errors_are_those_of_the_quadrature():
    mesh = sheet(GRADED, EVEN)
    share, rng = point_shares(mesh), np.random.default_rng(1)
    true, guess = rng.standard_normal((2, 4, 3, mesh.n_points, 2))
    square = lambda f: np.einsum("ntpc,p->n", f**2, share)  # noqa: E731
    np.testing.assert_allclose(
        relative_l2(true, guess, share), np.sqrt(square(guess - true) / square(true)), rtol=1e-12
    )
    reference = true.mean(axis=0)
    np.testing.assert_allclose(
        fluctuation_l2(true, guess, reference, share),
        np.sqrt(square(guess - true) / square(true - reference)),
        rtol=1e-12,
    )
    assert r2(true, guess, share) == pytest.approx(
        1.0 - square(guess - true).sum() / square(true - true.mean(axis=0)).sum()
    )
    np.testing.assert_allclose(
        relative_l2(true, guess, 7.0 * np.ones(mesh.n_points)), relative_l2(true, guess)
    )


@pytest.mark.parametrize("transient_field", [False, True])
def test_dropped_modes_cost_the_sum_of_their_squared_singular_values_in_the_weighted_norm(transient_field):
    mesh = sheet(GRADED, EVEN)
    share = point_shares(mesh)
    share = np.where(share > 0.0, share, share[share > 0.0].min())
    rng = np.random.default_rng(2)
    u = np.exp(-rng.uniform(1.0, 9.0, (20, 1)) * mesh.points[:, 0])[..., None] * [1.0, 0.3]
    u = u[:, None] * np.array([1.0, 2.0])[:, None, None] if transient_field else u
    model, z = FieldModel.fit(SVDConfig(rank=2), u, 0, weights=share)
    lost = np.sum((u.reshape(20, -1, mesh.n_points, 2) - model.mean(z)) ** 2, axis=(0, 1, 3)) @ share
    centred = (u - u.mean(axis=0)) * np.sqrt(share)[:, None]
    dropped = np.linalg.svd(centred.reshape(20, -1), compute_uv=False)[2:]
    assert lost == pytest.approx(np.sum(dropped**2), rel=1e-6)
    plain, z = FieldModel.fit(SVDConfig(rank=2), u, 0)
    worse = np.sum((u.reshape(20, -1, mesh.n_points, 2) - plain.mean(z)) ** 2, axis=(0, 1, 3)) @ share
    assert worse > 1.01 * lost, "the basis of all points alike is not the best in the norm of the area"


@pytest.mark.parametrize("transient", ["trajectory", "parameter"])
def test_the_answers_do_not_depend_on_where_the_mesh_is_fine(transient):
    x = parameters(24)
    config = kind_config({"kind": "linear", "transient": transient})
    answers = []
    for points in (
        np.linspace(0.0, 1.0, 41),
        np.r_[np.linspace(0.0, 0.5, 161), np.linspace(0.5, 1.0, 21)[1:]],
    ):
        mesh = sheet(points, EVEN)
        share = {"v": point_shares(mesh)}
        validation = cross_validate(
            config, {"v": SVDConfig(rank=3)}, x, {"v": wavy(mesh, x)}, folds=3, seed=0, weights=share
        )
        answers.append(validation.errors["v"]["relative_l2"])
    # The quadrature's error of waves on steps of 1/40 is (pi/40)^2 / 6, of their squares four times that.
    np.testing.assert_allclose(answers[0], answers[1], rtol=0.02, atol=1e-9)


def wavy(mesh: Mesh, x: np.ndarray) -> np.ndarray:
    """(n, 3, points, 1), of more waves than three modes hold."""
    waves = [np.sin(np.pi * k * mesh.points[:, 0]) * (x[:, :1] ** k - x[:, 1:] / k) for k in (1, 2, 3, 4, 5)]
    return (np.sum(waves, axis=0)[:, None] * np.array([1.0, 0.5, 0.2])[:, None])[..., None]


def test_the_search_judges_by_the_same_errors_as_the_validation():
    mesh, x = sheet(GRADED, EVEN), parameters(20)
    u, share = wavy(mesh, x)[:, 0], {"u": point_shares(mesh)}
    reduction = {"u": SVDConfig(rank=2)}
    held = np.arange(20) < 5
    for config in (BAYES, kind_config({"kind": "bayes", "outputs": "raw"})):
        fold = LatentFold.of([config], reduction, x, {"u": u}, held, "relative_l2", 0, share)
        emulator = Emulator.fit(config, reduction, x[~held], {"u": u[~held]}, 0, weights=share)
        predicted = emulator.fields["u"].at(x[held]).mean(emulator.latent(x[held])["u"][0])[:, 0]
        np.testing.assert_allclose(
            fold.errors(config, 0), relative_l2(u[held], predicted, share["u"]), rtol=1e-9
        )


def test_cell_fields_take_the_measure_of_their_cells_and_the_test_set_too():
    mesh, x = sheet(GRADED, EVEN), parameters()
    centres = np.concatenate([mesh.points[nodes].mean(axis=1) for nodes in mesh.cells.values()])
    share = {"u": cell_shares(mesh)}
    infos = [FieldInfo(name="u", on="cell", n_points=len(centres), measure="area")]
    model = trained(mesh, {"u": linear(centres, x)}, infos, share, x, points={"u": centres})
    mean = model.predict(QUERY, (), [Quantity("mean", "u")]).quantities["mean(u)"].mean[0]
    assert mean == pytest.approx(1.45, rel=1e-6)
    new = parameters(40)[30:]
    true = {"u": linear(centres, new) * 1.1}
    assert HoldoutResult.evaluate(model, new, true).fields["u"].error == pytest.approx(
        1.0 - 1.0 / 1.1, rel=1e-4
    )
    assert HoldoutResult.evaluate(model, new, true).quantities["mean(u)"].error == pytest.approx(
        1.0 - 1.0 / 1.1, rel=1e-4
    )


def test_a_saved_model_keeps_its_weights_and_one_without_counts_points_alike(graded, tmp_path):
    graded.save(tmp_path / "new")
    asked = [Quantity("mean", "u"), Quantity("integral", "u")]
    before, after = (
        one.predict(QUERY, (), asked).quantities for one in (graded, Surrogate.load(tmp_path / "new"))
    )
    for label in before:
        np.testing.assert_array_equal(before[label].lower, after[label].lower)
    model, arrays = read_artifact(tmp_path / "new", "surrogate")
    for info in model["description"]["fields"]:
        del info["measure"]
    model["description"]["notes"] = []
    write_artifact(
        tmp_path / "old",
        "surrogate",
        model,
        {k: v for k, v in arrays.items() if not k.startswith("weights.")},
    )
    old = Surrogate.load(tmp_path / "old")
    said = old.predict(QUERY, (), [Quantity("mean", "u")]).quantities["mean(u)"].mean[0]
    assert said == pytest.approx(old.predict(QUERY, ["u"]).fields["u"].mean.mean(), rel=1e-12)
    assert "'mean' is of u, v the mean of points" in " ".join(old.description.notes)
    with pytest.raises(QueryError, match="An integral of 'u' must have the areas or volumes"):
        old.predict(QUERY, (), asked)


def test_without_a_mesh_the_model_says_mean_of_points():
    x = parameters(12)
    points = np.stack([GRADED, 0 * GRADED, 0 * GRADED], axis=1)
    infos = [FieldInfo(name="u", n_points=len(GRADED))]
    model = trained(Mesh(points), {"u": linear(points, x)}, infos, None, x)
    assert model.description.notes[-1] == (
        "'mean' is of u the mean of points, with equal weights whatever their areas or volumes."
    )
    mean = model.predict(np.array([[1.0, 2.0]]), (), [Quantity("mean", "u")]).quantities["mean(u)"].mean[0]
    assert mean == pytest.approx(GRADED.mean(), rel=1e-6)


def test_means_of_a_mesh_are_by_area_even_where_the_validation_counted_points():
    mesh, x = sheet(GRADED, EVEN), parameters()
    n = mesh.n_points
    model = trained(mesh, {"u": linear(mesh.points, x)}, [FieldInfo(name="u", n_points=n)], None, x)
    said = model.predict(QUERY, (), [Quantity("mean", "u")]).quantities["mean(u)"]
    assert said.mean[0] == pytest.approx(1.45, rel=1e-6)
    assert said.lower[0] <= 1.45 <= said.upper[0]
    assert "approximate" in model.description.notes[-1]
    assert model.info("u").measure == "area"


@pytest.mark.parametrize("wrong", [np.ones(3), np.full(9, np.nan), -np.ones(9), np.zeros(9)])
def test_weights_that_do_not_fit_are_refused(wrong):
    x = parameters(12)
    with pytest.raises(ModelError, match="The weights of the field 'u' must be 9 finite numbers"):
        cross_validate(
            BAYES,
            {"u": reduction_config({"kind": "svd"})},
            x,
            {"u": np.ones((12, 9, 1))},
            folds=3,
            seed=0,
            weights={"u": wrong},
        )
