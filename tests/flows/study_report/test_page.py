"""The page: valid HTML, nothing fetched from elsewhere, words for every picture, heads for every table."""

from __future__ import annotations

import io
from html.parser import HTMLParser

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from fieldwright.flows.pictures import DPI, LARGEST, picture_bytes
from fieldwright.flows.study_report.embedded_figures import embedded, embedded_figure
from fieldwright.flows.study_report.page import ReportCode, ReportSection, ReportTable, report_page


def png(size: tuple[int, int], noise: bool = False) -> bytes:
    rng = np.random.default_rng(0)
    figure = Figure(figsize=(size[0] / DPI, size[1] / DPI))
    figure.figimage(rng.random((size[1], size[0], 3)) if noise else np.full((size[1], size[0], 3), 0.8))
    return picture_bytes(figure)


def test_what_users_wrote_is_text_and_never_markup(check_page):
    table = ReportTable(
        "a < b", ("name", "value"), (("<script>x</script>", "1"), ("run & more", "2")), best=1
    )
    section = ReportSection("Data & more", ("See `<b>` and <i>.",), (table, ReportCode("Type:", "a <b> c")))
    page = report_page("a study <script>", "of 'x' & y", "v", ["one `two`"], [section], "end")
    texts = check_page(page)
    assert "<script>x</script>" in texts
    assert "a <b> c" in texts
    assert page.count("<code>&lt;b&gt;</code>") == 1
    assert '<tr class="best"><th scope="row" class="text">run &amp; more</th>' in page
    assert 'href="#data-more"' in page
    assert 'id="data-more"' in page


def test_pictures_are_small_and_photos_become_jpeg():
    drawing = embedded_figure(png((800, 500)), "a drawing")
    assert (drawing.media_type, drawing.size) == ("image/png", (800, 500))
    assert drawing.content == png((800, 500)), "as it lies in MLflow"
    photo = embedded_figure(png((800, 500), noise=True), "a photo")
    assert photo.media_type == "image/jpeg"
    assert Image.open(io.BytesIO(photo.content)).size == (800, 500)
    assert len(drawing.content) < LARGEST
    assert [one.words for one in embedded({"b.png": png((9, 9))}, {"a.png": "A", "b.png": "B"})] == ["B"]


def test_narrow_pictures_stand_in_pairs_and_wide_ones_alone():
    parts = (embedded_figure(png((700, 9)), "narrow"), embedded_figure(png((900, 9)), "wide"))
    html = ReportSection("Figures", (), parts).html()
    assert html.count('class="half"') == 1
    assert html.count('<div class="figures">') == 1


def test_the_page_prints_on_a4_without_scripts():
    page = report_page("t", "", "v", [], [], "")
    assert "@page { size: A4" in page
    assert "break-inside: avoid" in page

    class Scripts(HTMLParser):
        found = False

        def handle_starttag(self, tag, attrs):
            self.found |= tag == "script"

    parser = Scripts()
    parser.feed(page)
    assert not parser.found
