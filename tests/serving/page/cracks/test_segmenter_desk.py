"""The crack desk of a segmenter in a real browser: photos in, cracks seen, measured, corrected and compared."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import distance_transform_edt

from fieldwright.data.photos.collection import read_collection

SHARES = ("length", "mean_width", "p95_width", "max_width", "area")


def test_the_numbers_on_the_page_are_those_that_a_program_is_answered(served, desk, walls, strange):
    one = desk()
    one.add(*walls, strange)
    answers = one.asked("segment", [("photo", photo) for photo in (*walls, strange)])["photos"]
    for photo, answer in zip((*walls, strange), answers, strict=True):
        one.select(photo)
        measured = answer["measurements"]
        for name in SHARES:
            assert one.measured(name) == measured[name]["value"], name
        assert one.measured("components") == measured["components"]
        assert one.measured("share") == answer["share"]
        row = one.page.locator(f'tr[data-photo="{photo.name}"]')
        assert (
            float(row.locator('[data-column="probability"]').get_attribute("data-value"))
            == answer["probability"]
        )
        domain = ("doubt" if answer["warning"] else "inside") if answer["inside"] else "outside"
        assert row.locator('[data-column="inside"]').inner_text().endswith(domain)
    assert not answers[-1]["inside"]
    assert "Unlike the training photos: do not rely on this answer." in one.page.inner_text(".domain")
    assert one.page.evaluate("() => document.body.classList.contains('is-outside')")
    assert one.visit.console == []
    assert {address.split("/")[2] for address in one.visit.addresses if not address.startswith("blob:")} == {
        served.url.split("/")[2]
    }


def test_the_threshold_changes_the_mask_at_once_and_the_numbers_by_the_endpoint(desk, walls):
    one = desk(state="lines=0")
    one.add(walls[0])
    probability = one.picture(walls[0], "probability")
    before = one.measured("share")
    threshold = one.page.get_by_label("Threshold")
    own = float(threshold.input_value())
    lower = round(0.5 * own, 2)
    # The place that the mask takes in only at the lower threshold and that lies deepest among such.
    between = np.asarray(distance_transform_edt((probability >= lower * 255) & (probability < own * 255)))
    row, column = np.unravel_index(between.argmax(), between.shape)
    place = (column + 0.5) / probability.shape[1], (row + 0.5) / probability.shape[0]
    grey = one.colour(*place)
    threshold.fill(f"{lower}")
    one.answered()
    assert one.measured("share") == np.mean(probability >= lower * 255) > before
    assert one.state()["threshold"] == f"{lower}"
    # Over grey concrete the mask is the only thing that is red.
    red, green, _ = one.colour(*place)
    assert red - green > grey[0] - grey[1] + 50
    mask = one.download(lambda: one.page.click("text=Mask as PNG"))
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(mask))) > 0, probability >= lower * 255)
    one.page.get_by_role("button", name="The model's own").click()
    one.answered()
    assert one.measured("share") == before
    assert one.visit.console == []


def test_two_clicks_on_a_known_length_set_the_scale(desk, walls):
    one = desk()
    one.add(walls[0])
    in_pixels = one.measured("length")
    one.page.get_by_role("button", name="Ruler").click()
    for place in ((0.25, 0.5), (0.75, 0.5)):
        one.page.mouse.click(*one.point(*place))
    one.page.get_by_label("Its true length").fill("60")
    one.page.get_by_role("button", name="Scale of all photos").click()
    one.answered()
    # Half of 240 pixels are 60 mm.
    scale = float(one.state()["mm_per_px"])
    assert scale == pytest.approx(0.5, rel=0.02)
    assert one.measured("length") == pytest.approx(in_pixels * scale)
    assert "mm" in one.page.inner_text('[data-measured="length"] .value')
    answer = one.asked(
        "segment", [("photo", walls[0])], mm_per_px=scale, scale_error=one.state()["scale_error"]
    )
    assert one.measured("length") == pytest.approx(answer["photos"][0]["measurements"]["length"]["value"])
    assert one.visit.console == []


def test_a_mask_is_drawn_into_undone_and_downloaded(desk, walls):
    one = desk()
    one.add(walls[0])
    before = one.measured("length"), one.measured("area")
    one.page.get_by_role("button", name="Pencil").click()
    one.draw((0.1, 0.15), (0.4, 0.15))
    one.answered()
    assert one.measured("length") > before[0] + 40
    assert one.page.get_by_label("Threshold").is_disabled()
    mask = np.asarray(Image.open(io.BytesIO(one.download(lambda: one.page.click("text=Download mask")))))
    assert mask.shape == (160, 240)
    assert mask[24, 30:90].all()
    assert one.measured("share") == np.mean(mask > 0)
    one.page.get_by_role("button", name="Undo").click()
    one.answered()
    assert one.measured("area") == before[1]
    one.page.get_by_role("button", name="Redo").click()
    one.answered()
    assert one.measured("share") == np.mean(mask > 0)
    one.page.get_by_role("button", name="Eraser").click()
    one.page.get_by_label("Size", exact=True).fill("40")
    for height in (0.1, 0.3, 0.5, 0.7, 0.9):
        one.draw((0.0, height), (1.0, height))
    one.answered()
    assert one.measured("length") == 0.0
    assert one.page.inner_text(f'tr[data-photo="{walls[0].name}"] [data-column="crack"]') == "no crack"
    one.page.get_by_role("button", name="Discard").click()
    one.answered()
    assert (one.measured("length"), one.measured("area")) == before
    assert one.visit.console == []


def test_a_correction_that_lies_on_the_page_alone_is_not_left_without_a_question(desk, walls):
    one = desk()
    one.add(walls[0])
    questions: list[str] = []

    def stay(dialog: Any) -> None:
        questions.append(dialog.type)
        dialog.dismiss()

    one.page.on("dialog", stay)
    one.page.get_by_role("button", name="Pencil").click()
    one.draw((0.1, 0.15), (0.4, 0.15))
    one.answered()
    one.page.close(run_before_unload=True)
    one.visit.until(lambda: questions == ["beforeunload"])
    assert one.measured("length") > 0.0
    one.download(lambda: one.page.click("text=Download mask"))
    one.page.reload()
    one.page.wait_for_selector(".drop-area")
    assert questions == ["beforeunload"]
    assert one.visit.console == []


def test_a_corrected_mask_is_saved_as_a_training_label(desk, walls, corrections):
    one = desk()
    one.add(walls[1])
    one.page.get_by_role("button", name="Pencil").click()
    one.draw((0.2, 0.2), (0.8, 0.2))
    one.answered()
    one.page.get_by_role("button", name="Save as training label").click()
    assert "saved as training label" in one.page.wait_for_selector('[data-notice="correction"]').inner_text()
    mask = np.asarray(Image.open(io.BytesIO(one.download(lambda: one.page.click("text=Download mask")))))
    (label,) = read_collection(corrections).photos
    np.testing.assert_array_equal(label.outline(), mask > 0)
    np.testing.assert_array_equal(label.pixels(), np.asarray(Image.open(io.BytesIO(walls[1].content))))
    assert one.page.get_by_role("button", name="Save as training label").is_disabled()
    assert one.visit.console == []


def test_growth_between_two_photos_is_that_of_the_endpoint(desk, grown, strange):
    before, after = grown
    one = desk(state="tab=growth&scale=mm&mm_per_px=0.5")
    one.add(before, after, strange)
    one.select(after)
    one.page.get_by_label("Before", exact=True).select_option(label=before.name)
    one.page.get_by_label("After", exact=True).select_option(label=after.name)
    one.page.get_by_role("button", name="Compare").click()
    one.page.wait_for_selector("[data-growth=length]")
    answer = one.asked("compare", [("before", before), ("after", after)], mm_per_px=0.5)
    for name in ("length", "mean_width", "max_width"):
        shown = one.page.get_attribute(f'[data-growth="{name}"] .value', "data-value")
        assert float(shown) == pytest.approx(answer[name]["value"])
    # 100 pixels of half a millimetre were drawn.
    assert 25.0 < answer["length"]["value"] < 100.0
    assert "Laid upon each other" in one.page.inner_text(".growth")
    one.visit.picture("crack_desk")
    assert one.visit.console == []


def test_tables_are_taken_along_as_csv(desk, walls, strange):
    one = desk(state="scale=mm&mm_per_px=0.2&scale_error=0.02")
    one.add(*walls, strange)
    answers = one.asked("segment", [("photo", photo) for photo in walls], mm_per_px=0.2, scale_error=0.02)[
        "photos"
    ]
    rows = csv_rows(one.download(lambda: one.page.click("text=Table as CSV")))
    assert [row["photo"] for row in rows] == ["pier 0.png", "pier 1.png", "strange.png"]
    assert [row["inside"] for row in rows][-1] == "false"
    for row, answer in zip(rows, answers, strict=False):
        for name in SHARES:
            figure = answer["measurements"][name]
            assert [float(row[name]), float(row[f"{name}_lower"]), float(row[f"{name}_upper"])] == [
                figure["value"],
                figure["lower"],
                figure["upper"],
            ]
        assert row["length_unit"] == "mm"
    cracks = csv_rows(one.download(lambda: one.page.click("text=Cracks as CSV")))
    assert sum(row["photo"] == walls[0].name for row in cracks) == len(answers[0]["measurements"]["cracks"])
    one.page.get_by_role("tab", name="Protocol").click()
    one.page.get_by_label("Structure").fill("Bridge 7")
    protocol = one.download(lambda: one.page.click("text=Protocol as HTML")).decode()
    assert protocol.count("data:image/jpeg") == 3
    for text in ("Bridge 7", "pier 0.png", "strange.png", "mm"):
        assert text in protocol, text
    assert one.visit.console == []
    one.page.get_by_role("tab", name="Downloads").click()
    picture = one.download(lambda: one.page.click("text=Annotated PNG"))
    assert Image.open(io.BytesIO(picture)).width >= 900


def test_what_is_no_photo_is_left_out_and_a_damaged_one_says_why(desk, walls):
    one = desk()
    broken = type(walls[0])("broken.png", walls[0].content[:300])
    one.page.set_input_files(
        "#photo-files",
        [walls[0].upload(), broken.upload(), {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"x"}],
    )
    one.page.wait_for_selector('tr[data-photo="broken.png"][data-state="refused"]')
    one.answered()
    assert "One file is no photo and was left out: notes.txt." in one.page.inner_text(".drop-area")
    one.select(broken)
    assert "broken.png" in one.page.inner_text(".photo-panel > .note")
    assert one.page.locator(".photo-table tbody tr").count() == 2


def test_the_keyboard_alone_looks_measures_and_corrects(desk, walls):
    one = desk()
    one.add(*walls)
    page = one.page
    reached = []
    while "Table as CSVBUTTON" not in reached and len(reached) < 60:
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.textContent + document.activeElement.tagName")
        reached.append(focused)
        if focused == "PencilBUTTON":
            page.keyboard.press("Enter")
            one.visit.until(lambda: page.locator("button:text-is('Undo')").is_visible())
        if focused.endswith("CANVAS") and "drawn" not in reached:
            reached.append("drawn")
            page.keyboard.press("Enter")
            for _ in range(6):
                page.keyboard.press("ArrowLeft")
            page.keyboard.press("Enter")
            one.answered()
            assert "of the corrected mask" in page.inner_text(".measurements")
            assert page.locator("button:text-is('Undo')").is_enabled()
            page.keyboard.press("Control+z")
            one.answered()
            assert page.locator("button:text-is('Undo')").is_disabled()
    assert "drawn" in reached
    for name in (
        "Choose photosBUTTON",
        "pier 1.pngBUTTON",
        "RulerBUTTON",
        "EraserBUTTON",
        "Table as CSVBUTTON",
    ):
        assert name in reached, name
    page.focus(".photo-name >> nth=0")
    page.keyboard.press("ArrowDown")
    one.visit.until(lambda: page.inner_text("#picture-title") == "pier 1.png")


def csv_rows(content: bytes) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
