"""Photos with labels, from their folder to a registered model that tells or outlines cracks in new photos."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import mlflow
import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from sklearn.metrics import f1_score

from fieldwright.data.errors import FieldwrightError, ModelError, PhotoError, StudyError
from fieldwright.data.output.written_numbers import number_text
from fieldwright.data.photos.collection import read_collection
from fieldwright.data.photos.collections import recognised
from fieldwright.data.photos.corrections import CorrectionFolder
from fieldwright.data.photos.photo import png_bytes
from fieldwright.flows.commands.named_model import named_model
from fieldwright.flows.commands.report_tables import print_report
from fieldwright.flows.commands.status import print_status
from fieldwright.flows.photos.adaptation import adapt_study, print_adaptation
from fieldwright.flows.photos.first_study import first_photo_study
from fieldwright.flows.photos.inspection import print_collection
from fieldwright.flows.photos.parts import parts_of, read_photos
from fieldwright.flows.photos.report import PhotoReport
from fieldwright.flows.study.loading import load_study, load_study_of_runs
from fieldwright.flows.study.photo_study import PhotoStudy
from fieldwright.flows.study_report.sentences import percent
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.versions.challenger import challenger_of
from fieldwright.flows.tracking.versions.version_history import VersionHistory
from fieldwright.flows.workflow import run_study
from fieldwright.surrogates.cracks.classification.cnn_settings import CrackCnnConfig
from fieldwright.surrogates.cracks.classification.crack_classifier import CrackClassifier
from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter

CLASSES = """
name = "walls"
kind = "classification"
[photos]
folder = "walls"
[costs]
miss = 4
prevalence = 0.1
[promotion]
metric = "log_loss"
[[candidates]]
kind = "crack_cnn"
size = 32
widths = [6, 8]
members = 2
epochs = 2
[[candidates]]
kind = "crack_cnn"
size = 32
widths = [8, 12]
members = 2
epochs = 8
"""
OUTLINES = """
name = "outlines"
kind = "segmentation"
[photos]
folder = "walls"
minimum = 20
[[candidates]]
kind = "crack_unet"
widths = [6, 8]
crop = 32
batch = 4
steps = 40
checks = 2
"""

DRAWN = """
[generator]
photos = 8
cracked = 0.5
size = [32, 48]
distractors = 0
"""


def wall(seed: int, crack: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """A grainy wall, uint8 (32, 48, 3), and the mask of a dark line across it, if any."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((32, 48), dtype=bool)
    if crack:
        rows = np.linspace(rng.uniform(4.0, 26.0), rng.uniform(4.0, 26.0), 48).astype(int)
        mask[np.stack([rows, rows + 1, rows + 2]), np.arange(48)] = True
    grey = 150.0 + rng.normal(0.0, 15.0, mask.shape) - 80.0 * mask
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2), mask


def write_classes(folder: Path, number: int) -> None:
    for k in range(number):
        place = folder / "walls" / ("Positive" if k % 2 else "Negative")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(wall(k, k % 2 == 1)[0]).save(place / f"{k:03d}.png")


def write_outlines(folder: Path, number: int) -> None:
    for k in range(number):
        pixels, mask = wall(k)
        for name, image in (("photos", pixels), ("masks", mask.astype(np.uint8) * 255)):
            (folder / "walls" / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(folder / "walls" / name / f"{k:03d}.png")


def written(folder: Path, text: str) -> Path:
    (folder / "study.toml").write_text(text)
    return folder / "study.toml"


def printed(what, *about) -> str:
    out = io.StringIO()
    console = Console(file=out, width=200)
    what(*about, console) if what is print_status else what(console, *about)
    return out.getvalue()


def artifacts(tracking: Tracking, run: str, folder: str = "figures") -> set[str]:
    return {Path(file.path).name for file in tracking.client.list_artifacts(run, folder)}


def test_classes_become_a_registered_classifier(tmp_path, common_names, check_report):
    write_classes(tmp_path, 60)
    broken = tmp_path / "walls" / "Positive" / "broken.png"
    broken.write_bytes(b"no photo")
    Image.fromarray(wall(1)[0]).save(tmp_path / "walls" / "Positive" / "twin.png")
    path = written(tmp_path, CLASSES)
    report = run_study(str(path))
    page = check_report(report)
    assert f"miss the share of cracks by {percent(report.test['ece'])}" in page
    assert "-F photo=@wall.jpg" in page

    assert isinstance(report, PhotoReport)
    assert report.promoted
    assert report.best == min(report.evaluations, key=lambda one: one.metrics["log_loss"]).candidate
    assert report.parts == {"train": 36, "validation": 12, "test": 12}
    assert {(name, reason) for name, reason, _ in report.ingested.rejected} == {
        ("Positive/broken.png", "unreadable"),
        ("Positive/twin.png", "duplicated"),
    }
    words = printed(print_report, report)
    assert "crack_cnn-2" in words
    assert "2 rejected" in words
    assert "test photos" in words

    study = load_study(path)
    assert isinstance(study, PhotoStudy)
    tracking = Tracking.of(study)
    children = tracking.client.search_runs([tracking.experiment_id()], "tags.role = 'candidate'")
    assert len(children) == 2
    assert {"score", "log_loss", "recall", "cost", "ece", "fit_seconds"} <= set(children[0].data.metrics)
    for child in children:
        common_names(child, "classification")
        epochs = tracking.client.get_metric_history(child.info.run_id, "validation_loss")
        assert [point.step for point in epochs] == list(range(1, len(epochs) + 1))
    best = min(children, key=lambda child: child.data.metrics["score"])
    for child in children:
        pictures = artifacts(tracking, child.info.run_id)
        assert (child is best) == (
            {
                "roc_and_precision_recall.png",
                "calibration.png",
                "examples_right.png",
                "examples_worst.png",
            }
            <= pictures
        )
    (pipeline,) = tracking.client.search_runs([tracking.experiment_id()], "tags.role = 'pipeline'")
    assert pipeline.data.metrics["test.recall"] == report.test["recall"]
    assert "test_calibration.png" in artifacts(tracking, pipeline.info.run_id)
    parts = json.loads(
        Path(
            tracking.client.download_artifacts(pipeline.info.run_id, "parts.json", str(tmp_path))
        ).read_text()
    )
    assert sum(map(len, parts.values())) == 60

    mlflow.set_tracking_uri(tracking.uri)
    model = mlflow.pyfunc.load_model("models:/walls@champion")
    answer = model.predict(np.stack([wall(1001)[0], wall(1000, crack=False)[0]]))
    assert answer["probability"][0] > answer["probability"][1]
    assert (answer["lower"] <= answer["probability"]).all()
    # A crack missed costs four false alarms.
    assert (answer["crack"] == (answer["probability"] >= 0.2)).all()

    assert read_photos(study).unchanged == 62
    page = printed(print_status, study)
    assert "60 photos usable, 2 rejected" in page
    assert "must be a whole image" in page
    assert "Champion: version 1" in page
    assert "36 photos" in page
    check_adaptation_of_classes(study, tracking, tmp_path)


def check_adaptation_of_classes(study: PhotoStudy, tracking: Tracking, folder: Path) -> None:
    """By photos whose cracks are pale, the champion becomes a challenger that tells those better."""
    for k in range(40):
        place = folder / "mine" / ("Positive" if k % 2 else "Negative")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - wall(3000 + k, k % 2 == 1)[0]).save(place / f"{k:03d}.png")
    adapted = adapt_study(study, folder / "mine")
    out = io.StringIO()
    print_adaptation(adapted, study, Console(file=out, width=200))
    assert "Version 2 is registered and is the challenger; the champion stays" in out.getvalue()
    old, new = (adapted.figures.metrics[way]["log_loss"] for way in ("before", adapted.adaptation.way))
    assert new < old
    assert f"Log loss {old:.3f} before and {new:.3f} after" in out.getvalue()
    challenger = challenger_of(tracking)
    assert challenger is not None
    assert challenger.tags["metric"] == "log_loss"
    assert float(challenger.tags["score"]) == new
    # What the study says of the prevalence holds for the new version too.
    assert challenger.tags["prevalence"] == "0.1"
    named = named_model("walls@challenger", "asked")
    assert isinstance(named.model, CrackClassifier)
    assert named.model.description.adapted == 40
    shutil.rmtree(folder / "mine" / "Positive")
    with pytest.raises(FieldwrightError):
        adapt_study(study, folder / "mine")


def test_outlines_become_a_registered_segmenter(tmp_path, check_report):
    write_outlines(tmp_path, 30)
    path = written(tmp_path, OUTLINES)
    report = run_study(str(path))
    assert f"{number_text(report.test['f1_2px'], 3)}" in check_report(report)
    assert isinstance(report, PhotoReport)
    assert report.promoted
    assert report.test["f1_2px"] > 0.5
    assert report.test["f1_error"] == pytest.approx(1.0 - report.test["f1_2px"])
    again = run_study(str(path))
    assert again.nothing_new
    assert replace(again, nothing_new="", ingested=report.ingested) == report
    tracking = Tracking(None, "outlines")
    (child,) = tracking.client.search_runs([tracking.experiment_id()], "tags.role = 'candidate'")
    losses = tracking.client.get_metric_history(child.info.run_id, "loss")
    assert [point.step for point in losses] == [25 * (k + 1) for k in range(40)]
    assert {
        "precision_recall.png",
        "calibration.png",
        "examples_right.png",
        "examples_worst.png",
    } <= artifacts(tracking, child.info.run_id)
    mlflow.set_tracking_uri(tracking.uri)
    pixels, mask = wall(1001)
    answer = mlflow.pyfunc.load_model("models:/outlines@champion").predict(pixels[None])
    assert answer["probability"].shape == (1, 32, 48)
    assert f1_score(mask.ravel(), answer["mask"][0].ravel()) > 0.5
    study = load_study(path)
    assert "Champion: version 1 (crack_unet), f1_error" in printed(print_status, study)
    assert isinstance(study, PhotoStudy)
    check_adaptation(study, tracking, tmp_path)


def check_adaptation(study: PhotoStudy, tracking: Tracking, folder: Path) -> None:
    """By corrected photos whose cracks are pale, the champion becomes a challenger that finds those too."""
    corrections = CorrectionFolder(folder / "corrected")
    for k in range(6):
        pixels, mask = wall(2000 + k)
        corrections.save(png_bytes(255 - pixels), f"pale{k}.png", mask, {})
    adapted = adapt_study(study, folder / "corrected", steps=30)
    out = io.StringIO()
    print_adaptation(adapted, study, Console(file=out, width=200))
    assert "Version 2 is registered and is the challenger; the champion stays" in out.getvalue()
    old, new = (adapted.figures.metrics[way]["f1_2px"] for way in ("before", adapted.adaptation.way))
    assert new > old
    assert f"F1 within 2 px {old:.3f} before and {new:.3f} after" in out.getvalue()
    champion, challenger = tracking.registry.champion(), challenger_of(tracking)
    assert champion is not None
    assert challenger is not None
    assert (champion.version, challenger.version) == ("1", "2")
    assert tracking.json(challenger.run_id, "parts.json")["train"][-1].startswith("pale5")
    assert "adapted from version 1: F1 within 2 px" in VersionHistory(tracking).events()[-1].why
    named = named_model("outlines@challenger", "asked")
    assert (named.name, named.version) == ("outlines", "2")
    assert isinstance(named.model, CrackSegmenter)
    assert named.model.segment(255 - wall(2100)[0]).mask.any()
    assert named_model(f"{study.path}@1", "asked").version == "1"
    shutil.rmtree(folder / "corrected" / "masks")
    (folder / "corrected" / "masks").mkdir()
    with pytest.raises(ModelError, match="at least 4 photos"):
        adapt_study(study, folder / "corrected", steps=1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            CLASSES.replace('"classification"', '"detection"'),
            "'kind' in study.toml.*'classification' or 'segmentation'",
        ),
        (
            CLASSES.replace('"classification"', '"segmentation"'),
            "must have candidates of the kind 'crack_unet'",
        ),
        (OUTLINES + "[costs]\nmiss = 3\n", "a segmentation has none"),
        (
            CLASSES.replace("log_loss", "iou_error"),
            "must be among log_loss, brier, cost, error_rate: 'iou_error'",
        ),
        (
            CLASSES.replace('metric = "log_loss"', "least = { iou = 0.5 }"),
            "must name any of accuracy.*: 'iou'",
        ),
        (CLASSES + "[split]\ntrain = 0.8\n", "must add up to 1: 1.2"),
        (CLASSES.replace("[costs]", 'group = "[a-z]+"\n[costs]'), "must have a group in parentheses"),
        (CLASSES.replace("[costs]", 'mask = "labels"\n[costs]'), "Did you mean 'masks'"),
        (
            CLASSES.replace('[photos]\nfolder = "walls"', ""),
            "a collection in `.photos.`, a `.generator.`, or both",
        ),
        (OUTLINES + DRAWN.replace("[32, 48]", "[8, 48]"), "'size' of a surface must be at least 32 px"),
        (CLASSES.replace('folder = "walls"', ""), "'photos.folder' must be given"),
    ],
)
def test_what_a_study_of_photos_must_say(tmp_path, text, says):
    with pytest.raises(StudyError, match=says):
        load_study(written(tmp_path, text))


def test_a_study_that_names_no_candidate_tries_the_one_for_its_kind(tmp_path):
    for text, kind in ((CLASSES, "crack_cnn"), (OUTLINES, "crack_unet")):
        study = load_study(written(tmp_path, text[: text.index("[[candidates]]")]))
        assert isinstance(study, PhotoStudy)
        assert [one.kind for one in study.candidates] == [kind]


def test_costs_of_the_study_set_every_candidates_threshold(tmp_path):
    study = load_study(written(tmp_path, CLASSES))
    assert isinstance(study, PhotoStudy)
    configs = [one for one in study.configs if isinstance(one, CrackCnnConfig)]
    assert [one.costs.threshold for one in configs] == [0.2, 0.2]


def test_a_folder_without_photos_is_told_before_any_work(tmp_path):
    study = load_study(written(tmp_path, CLASSES))
    with pytest.raises(PhotoError, match=r"must be laid out as one of these .*no such folder"):
        study.check()
    with pytest.raises(StudyError, match="`fieldwright suggest` must be given a study of runs"):
        load_study_of_runs(study.path, "suggest")


def test_too_few_photos_and_missing_masks_are_told(tmp_path):
    write_classes(tmp_path, 12)
    study = load_study(written(tmp_path, CLASSES))
    assert isinstance(study, PhotoStudy)
    collection = read_collection(tmp_path / "walls")
    with pytest.raises(StudyError, match=r"at least 40 usable photos.*Got 12 and 0 rejected"):
        parts_of(study, collection)
    outlines = load_study(written(tmp_path, OUTLINES.replace("minimum = 20", "minimum = 4")))
    assert isinstance(outlines, PhotoStudy)
    with pytest.raises(
        StudyError, match=r"a mask for every photo.*'metu', a collection that has classes alone"
    ):
        parts_of(outlines, collection)


def test_a_collections_own_test_part_is_the_test_part(tmp_path):
    for part, number in (("train", 12), ("test", 5)):
        for folder in ("img", "lab"):
            (tmp_path / "walls" / f"{part}_{folder}").mkdir(parents=True)
        for k in range(number):
            pixels, mask = wall(k + 100 * number)
            Image.fromarray(pixels).save(tmp_path / "walls" / f"{part}_img" / f"{part}{k}.png")
            Image.fromarray(mask.astype(np.uint8) * 255).save(
                tmp_path / "walls" / f"{part}_lab" / f"{part}{k}.png"
            )
    collection = read_collection(tmp_path / "walls")
    text = OUTLINES.replace("minimum = 20", "minimum = 4")
    for own in ("true", "false"):
        study = load_study(written(tmp_path, f"{text}[split]\npredefined = {own}\n"))
        assert isinstance(study, PhotoStudy)
        parts = parts_of(study, collection)
        assert sum(parts.counts().values()) == 17
        assert ({photo.part for photo in parts.test.photos} == {"test"}) == (own == "true")
        assert (parts.counts() == {"train": 9, "validation": 3, "test": 5}) == (own == "true")


def test_drawn_photos_are_learned_from_and_never_judged_by(tmp_path):
    write_outlines(tmp_path, 20)
    study = load_study(written(tmp_path, OUTLINES + DRAWN))
    assert isinstance(study, PhotoStudy)
    collection = read_photos(study)
    parts = parts_of(study, collection)
    drawn = [photo for photo in parts.train.photos if photo.name.startswith("generated/")]
    assert len(drawn) == 8
    assert sum(photo.crack is True for photo in drawn) == 4
    judging = {photo.name for part in (parts.validation, parts.test) for photo in part.photos}
    assert len(judging) == 8
    assert judging < {photo.name for photo in collection.photos}


def test_a_study_of_drawn_photos_alone_draws_each_once(tmp_path):
    text = CLASSES.replace('[photos]\nfolder = "walls"', DRAWN)
    study = load_study(written(tmp_path, text))
    assert isinstance(study, PhotoStudy)
    study.check()
    first = read_photos(study)
    assert len(first.photos) == 8
    again = read_photos(study)
    assert (again.unchanged, again.photos) == (8, first.photos)
    for photo in first.photos:
        assert photo.pixels().shape == (32, 48, 3)
        assert np.asarray(photo.outline()).any() == photo.crack
    other = load_study(written(tmp_path, text.replace('"walls"', '"walls"\nseed = 1')))
    assert isinstance(other, PhotoStudy)
    assert not {photo.sha256 for photo in read_photos(other).photos} & {
        photo.sha256 for photo in first.photos
    }
    more = load_study(written(tmp_path, text.replace("photos = 8", "photos = 10")))
    assert isinstance(more, PhotoStudy)
    assert read_photos(more).unchanged == 8
    fewer = load_study(written(tmp_path, text.replace("photos = 8", "photos = 6")))
    assert isinstance(fewer, PhotoStudy)
    assert len(read_photos(fewer).photos) == 6
    assert "10 photos usable, 0 rejected" in printed(print_status, study)


def test_a_folder_of_photos_is_shown_and_becomes_a_study(tmp_path):
    write_outlines(tmp_path, 6)
    (tmp_path / "walls" / "masks" / "003.png").unlink()
    layout = recognised(tmp_path / "walls")
    assert layout is not None
    page = printed(lambda console: print_collection(read_collection(tmp_path / "walls"), tmp_path, console))
    assert "5 photos in 5 groups of tiles or near-duplicates, read by 'pairs'" in page
    assert "no mask" in page
    study = load_study(written(tmp_path, first_photo_study(layout, tmp_path / "walls", tmp_path)))
    assert isinstance(study, PhotoStudy)
    study.check()
    assert (study.name, study.kind, study.candidates[0].kind) == ("walls", "segmentation", "crack_unet")
