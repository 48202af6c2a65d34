"""`fieldwright predict --photos`: a row for each photo, with bounds, files on demand, mistakes in one sentence."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from fieldwright.data.errors import QueryError
from fieldwright.data.photos.photo import png_bytes
from fieldwright.flows.cli import app
from fieldwright.flows.commands.predictions.photo_answers import answer_photos
from fieldwright.flows.commands.predictions.photo_question import PhotoQuestion
from fieldwright.surrogates.cracks.classification.cnn_settings import CrackCnnConfig
from fieldwright.surrogates.cracks.classification.crack_classifier import CrackClassifier
from fieldwright.surrogates.cracks.measurement import Scale, measure
from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter
from fieldwright.surrogates.cracks.segmentation.unet_settings import CrackUNetConfig


def wall(seed: int, side: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """A grey wall with a dark line across it, and the line's mask."""
    rng = np.random.default_rng(seed)
    photo = rng.normal(170.0, 8.0, (side, side, 1)).repeat(3, axis=2)
    mask = np.zeros((side, side), dtype=bool)
    first = int(rng.integers(10, side - 14))
    mask[first : first + 4] = True
    photo[mask] -= 110.0
    return np.clip(photo, 0.0, 255.0).astype(np.uint8), mask


@pytest.fixture(scope="module")
def segmenter() -> CrackSegmenter:
    photos, masks = zip(*(wall(k) for k in range(14)), strict=True)
    config = CrackUNetConfig(widths=(8, 16), crop=32, batch=8, steps=40, checks=2)
    return CrackSegmenter.train(
        config, photos[:10], masks[:10], validation=(photos[10:], masks[10:]), seed=0, name="walls"
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "decks"
    folder.mkdir()
    for k in (20, 21):
        (folder / f"deck{k}.png").write_bytes(png_bytes(wall(k, 64)[0]))
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


def printed() -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    return Console(file=stream, width=200), stream


def test_cracks_of_a_folder_are_a_table_csv_masks_and_overlays(segmenter, folder, tmp_path):
    console, stream = printed()
    question = PhotoQuestion(folder, 0.5, 0.1, 0.4, table=tmp_path / "cracks.csv", folder=tmp_path / "masks")
    answers = answer_photos(segmenter, question, console)
    assert [answer.path.name for answer in answers] == ["broken.png", "deck20.png", "deck21.png"]
    page = stream.getvalue()
    assert "must be a whole image" in page
    assert "mm (" in page
    with (tmp_path / "cracks.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [row["photo"] for row in rows] == ["deck20.png", "deck21.png", "broken.png"]
    assert "must be a whole image" in rows[-1]["problem"]
    for row, seed in zip(rows, (20, 21), strict=False):
        found = segmenter.segment(wall(seed, 64)[0], threshold=0.4)
        measured = measure(found.mask, scale=Scale(0.5, 0.1), probability=found.probability, std=found.std)
        for name in ("length", "max_width"):
            figure = getattr(measured, name)
            ends = [float(row[f"{name}{end} [mm]"]) for end in ("", ", lower", ", upper")]
            assert ends == [figure.value, figure.lower, figure.upper]
        assert (row["crack"], row["inside"]) == (str(found.mask.any()).upper(), str(found.inside).upper())
        mask = np.asarray(Image.open(tmp_path / "masks" / f"deck{seed}_mask.png"))
        np.testing.assert_array_equal(mask > 0, found.mask)
        assert Image.open(tmp_path / "masks" / f"deck{seed}_overlay.png").size == (64, 64)


def test_a_classifier_says_probabilities_with_bands(folder, tmp_path):
    cracked = np.arange(24) % 2 == 0
    photos = [wall(k, 32)[0] if yes else wall(k, 32)[0][:1].repeat(32, 0) for k, yes in enumerate(cracked)]
    config = CrackCnnConfig(size=32, widths=(4, 8), members=2, epochs=2, batch=8)
    classifier = CrackClassifier.train(
        config, photos[:16], cracked[:16], validation=(photos[16:], cracked[16:]), seed=0, name="tiles"
    )
    console, stream = printed()
    question = PhotoQuestion(folder / "deck20.png", prevalence=0.1, table=tmp_path / "photos.csv")
    answer_photos(classifier, question, console)
    (row,) = csv.DictReader((tmp_path / "photos.csv").read_text(encoding="utf-8-sig").splitlines())
    (answer,) = classifier.predict([wall(20, 64)[0]], prevalence=0.1).probability
    assert float(row["probability"]) == answer
    assert float(row["lower"]) <= answer <= float(row["upper"])
    assert "deck20.png" in stream.getvalue()
    with pytest.raises(QueryError, match="'--mm-per-px' must be given to a crack segmenter"):
        answer_photos(classifier, PhotoQuestion(folder, 0.5), console)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--photos", "nowhere"), "must name a photo, or a folder of photos"),
        (("--photos", "decks", "load=2"), "Photos must be asked about by themselves"),
        (("--photos", "decks", "--mm-per-px", "0"), "more than 0 mm per pixel"),
    ],
)
def test_mistakes_are_found_before_a_model_is_loaded(folder, tmp_path, monkeypatch, words, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.toml").write_text("")
    with pytest.raises(Exception, match=sentence):
        app(
            ["predict", "study.toml", *words],
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )


def test_two_photos_whose_pictures_would_have_one_name_are_refused(tmp_path):
    for name in ("wall.png", "wall.jpg"):
        Image.new("RGB", (40, 30)).save(tmp_path / name)
    with pytest.raises(QueryError, match=r"differ by more than their suffix.*'wall\.jpg' and 'wall\.png'"):
        PhotoQuestion(tmp_path, folder=tmp_path / "out").files()
    assert len(PhotoQuestion(tmp_path).files()) == 2
