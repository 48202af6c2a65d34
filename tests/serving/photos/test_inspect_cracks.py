"""`fieldwright inspect-cracks`: from a folder of photos to page, tables and pictures, with the endpoint's numbers."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fieldwright.data.errors import FieldwrightError, QueryError
from fieldwright.data.folder_lock import folder_claimed
from fieldwright.data.photos.photo import png_bytes
from fieldwright.flows.cli import app
from fieldwright.physics.concrete import SurfaceSettings, generate


@pytest.fixture(scope="module")
def model(segmenter, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("saved") / "walls"
    segmenter.save(folder)
    return folder


@pytest.fixture
def photos(tmp_path: Path, wall) -> Path:
    """Two walls, one of them in a folder within; a third that is cut off, and one in a format that is not read."""
    folder = tmp_path / "photos"
    (folder / "deck").mkdir(parents=True)
    (folder / "a.png").write_bytes(png_bytes(wall(900, True)[0]))
    (folder / "deck" / "=b.png").write_bytes(png_bytes(255 - wall(901, True)[0]))
    (folder / "cut.png").write_bytes(png_bytes(wall(902, True)[0])[:400])
    (folder / "new.heic").write_bytes(b"\0\0\0\x18ftypheic")
    return folder


def command(photos: Path, model: Path, out: Path, *more: str) -> None:
    words = ["inspect-cracks", str(photos), "--model", str(model), "--out", str(out), *more]
    app(words, exit_on_error=False, print_error=False, result_action="return_value")


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def test_a_folder_becomes_a_protocol_with_the_endpoints_numbers(
    photos, model, tmp_path_factory, capsys, shelved, segmenter, ask, form, wall
):
    out = tmp_path_factory.mktemp("inspection") / "protocol"
    command(photos, model, out, "--mm-per-px", "0.5", "--site", "Pier 7 <north>")
    printed = capsys.readouterr().out
    assert "2 photos inspected" in printed
    assert "Not inspected: cut.png: " in printed
    assert "Not inspected: new.heic: " in printed
    assert "HEIC" in printed
    answer = ask(
        shelved(segmenter), "POST", "/segment", files=form(wall(900, True)[0]), data={"mm_per_px": "0.5"}
    )
    measured = answer.json()["photos"][0]["measurements"]
    table = rows(out / "photos.csv")
    assert [row["photo"] for row in table] == ["a.png", "deck/=b.png", "cut.png", "new.heic"]
    first, second, cut, _ = table
    for name in ("length", "mean_width", "max_width"):
        for part, more in (("value", ""), ("lower", ", lower"), ("upper", ", upper")):
            assert float(first[f"{name}{more} [mm]"]) == pytest.approx(measured[name][part])
    assert float(first["orientation [deg]"]) == pytest.approx(measured["orientation_deg"])
    assert first["crack"] == "TRUE"
    assert second["inside"] == "FALSE"
    assert second["beware"]
    assert cut["length [mm]"] == ""
    assert "must be a whole image" in cut["problem"]
    cracks = rows(out / "cracks.csv")
    assert {row["photo"] for row in cracks} <= {"a.png", "deck/=b.png"}
    of_first = [float(row["length [mm]"]) for row in cracks if row["photo"] == "a.png"]
    assert of_first == pytest.approx([crack["length"]["value"] for crack in measured["cracks"]])
    page = (out / "protocol.html").read_text()
    assert "Pier 7 &lt;north&gt;" in page
    assert "cut.png" in page
    assert set(re.findall(r'(?:src|href)="([^"]{5})', page)) == {"data:"}
    assert page.count("<section>") == 2
    mask = np.asarray(Image.open(out / "masks" / "a.png")) > 0
    np.testing.assert_array_equal(mask, segmenter.segment(wall(900, True)[0]).mask)
    assert Image.open(out / "overlays" / "deck" / "=b.jpg").size == (64, 64)
    assert not list(out.rglob("*.part"))


def test_the_same_command_goes_on_where_it_was_interrupted(photos, model, tmp_path, capsys):
    out = photos / "protocol"
    later = (photos / "deck").rename(tmp_path / "deck")
    command(photos, model, out)
    # As an inspection leaves it that ended after the first photo, amid the pictures of the second.
    for name in ("protocol.html", "photos.csv", "cracks.csv"):
        (out / name).unlink()
    (out / "masks" / "deck").mkdir()
    (out / "masks" / "deck" / ".=b.png.part").write_bytes(b"")
    later.rename(photos / "deck")
    record = out / "records" / "a.json"
    before = record.stat().st_mtime_ns
    capsys.readouterr()
    command(photos, model, out)
    printed = capsys.readouterr().out
    assert "2 photos inspected" in printed
    assert "1 taken from the inspection before" in printed
    assert record.stat().st_mtime_ns == before
    assert "length [px]" in rows(out / "photos.csv")[0]
    assert len(rows(out / "photos.csv")) == 4
    # Other settings are another inspection, and a photo that has gone leaves the folder of the protocol.
    (photos / "deck" / "=b.png").unlink()
    command(photos, model, out, "--mm-per-px", "2")
    assert "from the inspection before" not in capsys.readouterr().out
    assert json.loads(record.read_text())["measurements"]["mm_per_px"] == 2.0
    assert not list(out.rglob("=b*"))


def test_two_at_once_in_one_folder_are_refused_and_so_are_other_folders(photos, model, tmp_path):
    out = tmp_path / "protocol"
    command(photos, model, out)
    with folder_claimed(out) as claimed:
        assert claimed
        with pytest.raises(QueryError, match="One inspection at a time"):
            command(photos, model, out)
    for words, sentence in (
        ((photos, model, photos / "deck"), "must be empty, or that of an earlier one"),
        ((tmp_path / "none", model, out), "must lie in a folder"),
        ((photos, tmp_path / "no", out), "must have a champion|must be named"),
        ((photos, "walls@best", out), "A model must be named as NAME@champion"),
        ((photos, model, out, "--mm-per-px", "0"), "more than 0 mm"),
        ((photos, model, out, "--threshold", "1.5"), "must lie between 0 and 1"),
    ):
        with pytest.raises(FieldwrightError, match=sentence):
            command(*words)


def test_growth_since_an_earlier_campaign(model, tmp_path, wall):
    settings = SurfaceSettings(family="concrete", size=(240, 320), crack=False, distractors=0.0, camera=False)
    place = generate(settings, 3).photo
    before, after, out = (tmp_path / name for name in ("2024", "2026", "protocol"))
    for folder, end in ((before, 180), (after, 240)):
        folder.mkdir()
        photo = place.copy()
        photo[110:116, 40:end] = 20
        (folder / f"pier.{'tif' if folder == before else 'png'}").write_bytes(png_bytes(photo))
        (folder / "other.png").write_bytes(png_bytes(wall(950 + end, True)[0]))
    (after / "added.png").write_bytes(png_bytes(wall(960, True)[0]))
    (before / "other.png").write_bytes(b"cut")
    command(after, model, out, "--before", str(before), "--mm-per-px", "0.5", "--threshold", "0.5")
    added, other, pier = rows(out / "photos.csv")
    assert added["growth"] == "There is no earlier photo of this name."
    assert "must be a whole image" in other["growth"]
    assert float(other["length [mm]"]) > 0.0
    grown, low, high = (float(pier[f"growth of length{more} [mm]"]) for more in ("", ", lower", ", upper"))
    assert low < 30.0 < high
    assert grown == pytest.approx(30.0, abs=4.0)
    page = (out / "protocol.html").read_text()
    assert "<th>Growth of length</th>" in page
    assert "pier.png upon the earlier photo, with its new cracks" in page
    orange = np.asarray(Image.open(out / "growth" / "pier.jpg")).astype(int)
    assert (orange[112:114, 190:230, 0] - orange[112:114, 190:230, 2] > 100).mean() > 0.8
