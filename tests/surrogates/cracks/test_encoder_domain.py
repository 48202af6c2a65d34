"""The domain of the segmenter's own features: ordinary pictures are no surfaces, other surfaces are warned of."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skimage
import torch
from PIL import Image
from sklearn.metrics import roc_auc_score

from fieldwright.physics.concrete.settings import SurfaceSettings
from fieldwright.physics.concrete.surface import generate
from fieldwright.surrogates.cracks.encoder_domain import FEWEST, WARNING, EncoderDomain, encoder_features
from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter
from fieldwright.surrogates.cracks.segmentation.segmentation_networks import segmentation_network
from fieldwright.surrogates.cracks.segmentation.unet_settings import CrackUNetConfig
from fieldwright.surrogates.families import SEGMENTATION
from fieldwright.surrogates.persistence.artifact import ARRAYS, read_artifact, write_artifact

pytestmark = pytest.mark.slow
"""One network is trained for all tests here."""
SURFACES = SurfaceSettings(family="concrete", size=(96, 128), width_px=(2.0, 8.0), distractors=0.0)
QUICK = CrackUNetConfig(widths=(8, 16, 24), crop=48, batch=6, steps=120, checks=1)
ORDINARY = [
    "astronaut",
    "brick",
    "camera",
    "cell",
    "chelsea",
    "coffee",
    "coins",
    "color",
    "grass",
    "gravel",
    "horse",
    "hubble_deep_field",
    "ihc",
    "moon",
    "motorcycle_left",
    "page",
    "phantom",
    "retina",
    "rocket",
    "text",
]
"""Pictures that come with scikit-image."""


def surfaces(number: int, first: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    drawn = [generate(SURFACES, first + k) for k in range(number)]
    return [one.photo for one in drawn], [one.mask for one in drawn]


def ordinary() -> dict[str, np.ndarray]:
    """The middle of each picture in the surfaces' size."""
    folder = Path(skimage.__file__).parent / "data"
    pictures = {}
    for name in ORDINARY:
        picture = np.array(Image.open(next(folder.glob(f"{name}.*"))).convert("RGB"))
        top, left = ((have - want) // 2 for have, want in zip(picture.shape[:2], SURFACES.size, strict=True))
        pictures[name] = picture[top : top + SURFACES.size[0], left : left + SURFACES.size[1]]
    return pictures


@pytest.fixture(scope="module")
def segmenter() -> CrackSegmenter:
    photos, masks = surfaces(60, 0)
    return CrackSegmenter.train(
        QUICK, photos[:48], masks[:48], validation=(photos[48:], masks[48:]), seed=0, name="concrete"
    )


def distances(segmenter: CrackSegmenter, photos: list[np.ndarray]) -> np.ndarray:
    assert segmenter.encoder is not None
    features = [encoder_features(segmenter.networks[0], photo) for photo in photos]
    return np.array([segmenter.encoder.outside(one) for one in features])


def auroc(near: np.ndarray, far: np.ndarray) -> float:
    return float(roc_auc_score(np.repeat([0, 1], [len(near), len(far)]), np.concatenate([near, far])))


def test_features_tell_surfaces_from_ordinary_pictures(segmenter: CrackSegmenter) -> None:
    photos, _ = surfaces(30, 1000)
    others = list(ordinary().values())
    assert auroc(distances(segmenter, photos), distances(segmenter, others)) > 0.95
    assert np.mean([segmenter.segment(photo).inside for photo in photos]) >= 0.85
    assert np.mean([segmenter.segment(photo).inside for photo in others]) <= 0.25


def test_a_photo_has_one_verdict(segmenter: CrackSegmenter) -> None:
    photos, _ = surfaces(20, 1000)
    found = [segmenter.segment(photo) for photo in (*photos, *ordinary().values())]
    assert {(one.inside, one.why is None, one.warning) for one in found} == {
        (True, True, None),
        (True, True, WARNING),
        (False, False, None),
    }


def test_between_the_borders_the_answer_is_inside_with_a_warning(segmenter: CrackSegmenter) -> None:
    """The borders are moved about one photo, whose distance stays: each side of each has its own verdict."""
    (photo,), _ = surfaces(1, 2000)
    domain = segmenter.encoder
    assert domain is not None
    assert 0.0 < domain.near < 1.0
    distance = domain.outside(encoder_features(segmenter.networks[0], photo))
    verdicts = []
    for limit, near in ((2.0, 0.6), (1.1, 0.8), (0.9, 0.8)):
        moved = replace(domain.domain, limit=domain.domain.limit * distance * limit)
        one = replace(segmenter, encoder=replace(domain, domain=moved, near=np.array(near))).segment(photo)
        verdicts.append((one.inside, bool(one.why), one.warning))
    assert verdicts == [(True, False, None), (True, False, WARNING), (False, True, None)]


def test_is_kept_in_the_artifact_and_artifacts_without_one_load(
    segmenter: CrackSegmenter, tmp_path: Path
) -> None:
    photos, _ = surfaces(3, 3000)
    segmenter.save(tmp_path / "new")
    again = CrackSegmenter.load(tmp_path / "new")
    np.testing.assert_array_equal(distances(again, photos), distances(segmenter, photos))
    assert [again.likeness(one) for one in photos] == [segmenter.likeness(one) for one in photos]
    model, arrays = read_artifact(tmp_path / "new", SEGMENTATION.artifact)
    without = {name: array for name, array in arrays.items() if not name.startswith("encoder.")}
    assert len(without) < len(arrays)
    write_artifact(tmp_path / "old", SEGMENTATION.artifact, model, without)
    assert (tmp_path / "old" / ARRAYS).stat().st_size < (tmp_path / "new" / ARRAYS).stat().st_size
    old = CrackSegmenter.load(tmp_path / "old")
    assert old.encoder is None
    for photo in photos:
        found = old.segment(photo)
        np.testing.assert_array_equal(found.probability, segmenter.segment(photo).probability)
        assert found.inside == (old.appearance.outside(photo)[0] <= 1.0) == (found.why is None)
        assert found.warning is None


def test_limit_holds_95_of_100_new_ones_however_many_features() -> None:
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(12, 150))
    photos = rng.normal(size=(460, 12)) @ mixing + 0.3 * rng.normal(size=(460, 150))
    photos[:, 7] = 3.0  # A feature that never varies.
    domain = EncoderDomain.fit(photos[:60], seed=0)
    assert domain is not None
    held = np.mean([domain.outside(one) <= 1.0 for one in photos[60:]])
    # 60 left-out photos tell a share of 0.95 to within 3 standard errors of sqrt(0.95 0.05 / 60) = 0.028.
    assert held == pytest.approx(0.95, abs=3 * 0.028)
    assert domain.outside(photos[60] + 10.0 * rng.normal(size=150)) > 1.0
    assert EncoderDomain.fit(photos[: FEWEST - 1], seed=0) is None


@pytest.mark.parametrize("architecture", ["residual", "separable", "plain"])
@pytest.mark.parametrize("shape", [(16, 20), (255, 300), (37, 1100), (600, 700)])
def test_any_photo_has_features_of_every_level(architecture: str, shape: tuple[int, int]) -> None:
    network = segmentation_network(
        CrackUNetConfig.model_validate({"architecture": architecture, "widths": (4, 6, 8)}), 0
    )
    photo = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    features = encoder_features(network, photo)
    # Mean and variance of each map.
    assert features.shape == (2 * (4 + 6 + 8),)
    assert np.isfinite(features).all()


def test_features_are_moments_of_the_maps_whatever_the_size_of_the_photo() -> None:
    network = segmentation_network(QUICK, seed=0)
    piece = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    with torch.inference_mode():
        levels = network.encoded(torch.from_numpy(piece).permute(2, 0, 1)[None] / 255.0)
    maps = [level[0].numpy().astype(float) for level in levels]
    moments = [(one.mean(axis=(1, 2)), np.log(one.var(axis=(1, 2)) + 1e-6)) for one in maps]
    expected = np.concatenate([np.concatenate(pair) for pair in moments])
    np.testing.assert_allclose(encoder_features(network, piece), expected, atol=1e-3)
    # The four pieces of a photo of 4 x 4 copies show each the same, shifted by half of it.
    shifted = np.roll(piece, (128, 128), axis=(0, 1))
    np.testing.assert_allclose(
        encoder_features(network, np.tile(shifted, (4, 4, 1))), encoder_features(network, piece), atol=1e-5
    )
