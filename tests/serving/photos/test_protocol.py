"""POST /protocol: an inspection as one page to be printed, from photos or from answers about them."""

from __future__ import annotations

import io
import re
import zipfile
from html import escape

import pytest

from fieldwright.data.photos.photo import png_bytes

ZIP = {"Accept": "application/zip"}


@pytest.fixture
def champion(shelved, segmenter):
    return shelved(segmenter)


@pytest.fixture
def answer(champion, ask, form, wall) -> bytes:
    """Of POST /segment for two photos, the second one unlike the training photos."""
    photos = form(wall(900, True)[0], 255 - wall(900, True)[0])
    return ask(champion, "POST", "/segment", files=photos, data={"mm_per_px": "0.5"}, headers=ZIP).content


def archives(*contents: bytes) -> list[tuple[str, tuple[str, bytes, str]]]:
    return [("answer", (f"answer{k}.zip", one, "application/zip")) for k, one in enumerate(contents)]


def changed(archive: bytes, **members: bytes | None) -> bytes:
    """The archive with other members, or without those that are None."""
    buffer = io.BytesIO()
    replaced = {name.replace("__", "."): content for name, content in members.items()}
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            content = replaced.get(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return buffer.getvalue()


def cells(page: str, name: str) -> list[str]:
    return re.findall(rf"<th>{name}</th><td>(.*?)</td>", page)


def test_photos_and_their_answers_give_the_same_page(champion, ask, form, wall, answer):
    printed = {"site": "Pier 7 <north>", "inspector": "A. Smith", "date": "2026-03-01"}
    photos = form(wall(900, True)[0], 255 - wall(900, True)[0])
    direct = ask(champion, "POST", "/protocol", files=photos, data={"mm_per_px": "0.5", **printed})
    assert direct.status_code == 200, direct.text
    assert direct.headers["content-type"].startswith("text/html")
    later = ask(champion, "POST", "/protocol", files=archives(answer), data=printed)
    assert later.text == direct.text
    page = direct.text
    measured = ask(champion, "POST", "/segment", files=photos, data={"mm_per_px": "0.5"}).json()["photos"]
    for name, key in (("Length of all cracks", "length"), ("Mean width", "mean_width"), ("Area", "area")):
        for cell, photo in zip(cells(page, name), measured, strict=True):
            value, unit, lower, upper = re.fullmatch(r"(\S+) (\S+) \((\S+) to (\S+)\)", cell).groups()
            quantity = photo["measurements"][key]
            assert unit == quantity["unit"]
            for text, bound in ((value, "value"), (lower, "lower"), (upper, "upper")):
                assert float(text) == pytest.approx(quantity[bound], rel=0.01, abs=0.5)
    assert "Pier 7 &lt;north&gt;" in page
    assert "<north>" not in page
    assert cells(page, "Scale") == ["0.5 mm a pixel"] * 2
    assert cells(page, "Model") == ["walls, version 1"]
    assert page.count('class="warning"') == sum(bool(photo["why"] or photo["warning"]) for photo in measured)
    assert escape(measured[1]["why"]) in page
    assert "Unlike the training photos, do not rely on it" in page


def test_the_page_needs_no_other_file_and_runs_nothing(champion, ask, wall):
    name = '"><script>alert(1)</script>.png'
    photo = [("photo", (name, png_bytes(wall(900, True)[0]), "image/png"))]
    page = ask(champion, "POST", "/protocol", files=photo).text
    assert "<script" not in page
    assert set(re.findall(r'(?:src|href)="([^"]{5})', page)) == {"data:"}
    assert "default-src 'none'" in page


@pytest.mark.parametrize(
    ("make", "data", "sentence"),
    [
        (lambda answer: [], {}, "A protocol must be made of photos, or of answers about them"),
        (lambda answer: archives(b"PK"), {}, "'answer0.zip' must be an answer of POST /segment"),
        (lambda answer: archives(answer[:-60]), {}, "'answer0.zip' must be an answer of POST /segment"),
        (lambda answer: archives(changed(answer, answer__json=b"{}")), {}, "another document as answer.json"),
        (lambda answer: archives(changed(answer, **{"1_overlay__png": None})), {}, "1_overlay.png"),
        (
            lambda answer: archives(changed(answer, **{"1_overlay__png": b"x"})),
            {},
            "must be an answer of POST",
        ),
        (lambda answer: archives(answer), {"mm_per_px": "1"}, "must come with photos that are segmented"),
        (lambda answer: archives(answer), {"site": "x" * 2001}, "'site' must be a text of at most 2000"),
    ],
)
def test_what_makes_no_protocol_gets_one_sentence(champion, ask, answer, make, data, sentence):
    files = make(answer) or [("note", (None, "y"))]
    data = data if make(answer) else {}
    reply = ask(champion, "POST", "/protocol", files=files, data=data)
    assert reply.status_code == 422, reply.text
    assert sentence in reply.json()["error"]


def test_answers_of_two_versions_are_not_mixed(champion, ask, answer):
    other = changed(answer, answer__json=_versioned(answer, b'"version":"2"'))
    reply = ask(champion, "POST", "/protocol", files=archives(answer, other))
    assert reply.status_code == 422
    assert "must be by one version of one model" in reply.json()["error"]


def _versioned(archive: bytes, version: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return opened.read("answer.json").replace(b'"version":"1"', version)
