"""POST /classify and /explain: photos in, probabilities and heat maps out, or one sentence why not."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import fieldwright as fw
from fieldwright.data.photos.photo import png_bytes
from fieldwright.serving.endpoint import Endpoint
from fieldwright.surrogates.cracks.classification.cnn_settings import CrackCnnConfig
from fieldwright.surrogates.cracks.classification.crack_classifier import CrackClassifier
from fieldwright.surrogates.cracks.classification.prevalence import shift
from fieldwright.surrogates.cracks.operations import LEAST_PER_PIXEL

TINY = png_bytes(np.zeros((20, 20, 3), dtype=np.uint8))


@pytest.fixture(scope="module")
def classifier(wall) -> CrackClassifier:
    cracked = np.arange(64) % 2 == 0
    photos = [wall(k, bool(yes))[0] for k, yes in enumerate(cracked)]
    return CrackClassifier.train(
        CrackCnnConfig(size=32, widths=(8, 16, 32), members=2, epochs=12, batch=16),
        photos[:44],
        cracked[:44],
        validation=(photos[44:], cracked[44:]),
        seed=0,
        name="walls",
    )


@pytest.fixture(scope="module")
def cracked(wall) -> np.ndarray:
    return wall(900, True)[0]


@pytest.fixture(scope="module")
def sound(wall) -> np.ndarray:
    return wall(901, False)[0]


@pytest.fixture
def champion(shelved, classifier):
    return shelved(classifier)


def test_each_photo_of_a_form_is_answered_as_by_the_model(
    champion, ask, classifier, form, cracked, sound, wall
):
    photos = [cracked, sound, wall(902, True)[0]]
    reply = ask(champion, "POST", "/classify", files=form(*photos))
    assert reply.status_code == 200, reply.text
    answer, own = reply.json(), classifier.predict(photos)
    assert (answer["model"], answer["version"]) == ("walls", "1")
    assert [one["name"] for one in answer["photos"]] == ["wall0.png", "wall1.png", "wall2.png"]
    for name in ("probability", "std", "lower", "upper"):
        np.testing.assert_allclose([one[name] for one in answer["photos"]], getattr(own, name), rtol=1e-6)
    assert [one["crack"] for one in answer["photos"]] == own.crack.tolist() == [True, False, True]
    assert all(one["lower"] <= one["probability"] <= one["upper"] for one in answer["photos"])


def test_one_picture_may_be_the_whole_body(champion, ask, form, cracked):
    body = png_bytes(cracked)
    alone = ask(champion, "POST", "/classify", content=body, headers={"Content-Type": "image/png"})
    form = ask(champion, "POST", "/classify", files=form(cracked))
    assert alone.json()["photos"][0]["probability"] == form.json()["photos"][0]["probability"]


def test_the_prevalence_moves_the_log_odds(champion, ask, classifier, form, sound):
    """Bayes: the odds of a crack are multiplied by the ratio of the prior odds."""

    def log_odds(**request) -> float:
        p = ask(champion, "POST", "/classify", files=form(sound), **request).json()["photos"][0][
            "probability"
        ]
        return float(np.log(p / (1.0 - p)))

    before = classifier.description.prevalence
    rare = log_odds(data={"prevalence": "0.005"})
    assert rare == pytest.approx(log_odds() + shift(before, 0.005), abs=1e-6)
    assert log_odds(params={"prevalence": "0.005"}) == rare


def test_the_explanation_glows_on_the_crack(champion, ask, form, wall):
    photo, mask = wall(900, True)
    png = {"headers": {"Accept": "image/png"}, "data": {"method": "saliency", "picture": "heat"}}
    reply = ask(champion, "POST", "/explain", files=form(photo), **png)
    assert reply.headers["content-type"] == "image/png"
    heat = np.asarray(Image.open(io.BytesIO(reply.content)))
    assert heat.shape == mask.shape
    assert heat[mask].mean() > 2.0 * heat[~mask].mean()
    request = {"files": form(photo), "data": {"method": "saliency"}}
    about = ask(champion, "POST", "/explain", **request).json()["photos"][0]
    assert about["method"] == "saliency"
    assert heat[tuple(about["hottest"])] == heat.max() == 255


def test_pictures_of_several_photos_come_as_an_archive(champion, ask, form, cracked, sound):
    request = {"files": form(cracked, sound), "headers": {"Accept": "application/zip"}}
    reply = ask(champion, "POST", "/explain", **request)
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        assert sorted(archive.namelist()) == sorted(
            ["answer.json", *(f"{k}_{name}.png" for k in (0, 1) for name in ("overlay", "heat", "mask"))]
        )
        assert Image.open(archive.open("0_overlay.png")).size == (64, 64)


@pytest.mark.parametrize(
    ("path", "table"),
    [
        (
            "/classify",
            {
                "bits": [("7", "'bits' must be a whole number between 8 and 16")],
                "prevalence": [("0.005", ""), ('"a"', "between 0 and 1")],
                "picture": [("overlay", "The request's options must be among")],
            },
        ),
        (
            "/explain",
            {
                "bits": [("8.5", "'bits' must be a whole number between 8 and 16")],
                "method": [("grad_cam", ""), ('"grad_cam"', ""), ("x", "'method' must be one of")],
                "picture": [
                    ("overlay", "must come with the header 'Accept: image/png'"),
                    ("x", "must be one of"),
                ],
                "prevalence": [("0.5", "The request's options must be among")],
            },
        ),
    ],
)
def test_every_option_is_honoured_or_refused(check_options, champion, form, cracked, path, table):
    check_options(champion, path, table, files=form(cracked))


def test_questions_drawn_from_the_document_are_answered_in_its_words(check_interface, champion):
    check_interface(champion, {"/classify", "/explain", "/models"}, examples=8)


def test_an_option_stands_once(champion, ask, form, cracked):
    request = {"files": form(cracked), "data": {"prevalence": "0.1"}, "params": {"prevalence": "0.2"}}
    reply = ask(champion, "POST", "/classify", **request)
    assert reply.status_code == 422
    assert 'Got "prevalence" twice' in reply.json()["error"]


def test_the_model_and_its_routes_are_described(champion, ask):
    about = ask(champion, "GET", "/models").json()["models"][0]
    assert (about["name"], about["kind"], about["n_photos"]) == ("walls", "crack_cnn", 44)
    paths = ask(champion, "GET", "/docs.json").json()["paths"]
    assert {"/classify", "/explain", "/models"} <= set(paths)
    assert "/predict" not in paths


@pytest.mark.parametrize(
    ("path", "request_", "status", "sentence"),
    [
        ("/classify", {"files": [("photo", ("a.jpg", b"no picture", "image/jpeg"))]}, 422, "in 'a.jpg'"),
        ("/classify", {"files": [("photo", ("a.jpg", b"", "image/jpeg"))]}, 422, "at least one photo"),
        ("/classify", {"files": [("photo", ("a.png", TINY, "image/png"))]}, 422, "at least 32"),
        ("/classify", {"json": {}}, 415, "multipart/form-data or image/jpeg"),
        (
            "/classify",
            {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}},
            400,
            "multipart",
        ),
        ("/classify", {"photos": ("cracked",), "data": {"prevalence": "2"}}, 422, "between 0 and 1"),
        ("/classify", {"photos": ("cracked",), "data": {"prevalence": "nan"}}, 422, "between 0 and 1"),
        (
            "/classify",
            {"photos": ("cracked",), "data": {"prevalense": "1"}},
            422,
            "'prevalence' was meant",
        ),
        ("/explain", {"photos": ("cracked",), "data": {"method": "guess"}}, 422, "'smoothgrad'"),
        (
            "/explain",
            {"photos": ("cracked",), "data": {"picture": "std"}},
            422,
            "'overlay', 'heat' and 'mask'",
        ),
        (
            "/explain",
            {"photos": ("cracked", "sound"), "headers": {"Accept": "image/png"}},
            422,
            "can show one photo",
        ),
        ("/segment", {"photos": ("cracked",)}, 422, "a crack classifier"),
        ("/predict", {"json": {"parameters": {}}}, 422, "Ask POST /classify or /explain"),
    ],
)
def test_what_cannot_be_answered_gets_one_sentence(
    champion, ask, form, cracked, sound, path, request_, status, sentence
):
    named = {"cracked": cracked, "sound": sound}
    if "photos" in request_:
        request_ = dict(request_)
        request_["files"] = form(*(named[name] for name in request_.pop("photos")))
    reply = ask(champion, "POST", path, **request_)
    assert reply.status_code == status, reply.text
    assert sentence in reply.json()["error"]


@pytest.mark.parametrize(
    ("side", "sentence"), [(20_000, "at most 120 million pixels"), (10_724, "at least a byte for 80 pixels")]
)
def test_a_picture_that_unpacks_to_millions_of_pixels_is_refused_before_it_does(
    champion, ask, side, sentence
):
    bomb = io.BytesIO()
    Image.new("1", (side, side)).save(bomb, "PNG")
    assert len(bomb.getvalue()) < 100_000
    for path in ("/classify", "/explain"):
        reply = ask(champion, "POST", path, files=[("photo", ("bomb.png", bomb.getvalue(), "image/png"))])
        assert reply.status_code == 422
        assert sentence in reply.json()["error"]
        assert "'bomb.png'" in reply.json()["error"]


def test_a_photo_of_a_phone_is_named_by_its_format(champion, ask):
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99)
    reply = ask(champion, "POST", "/classify", files=[("photo", ("a.heic", heic, "image/heic"))])
    assert reply.status_code == 422
    assert "format HEIC in 'a.heic'" in reply.json()["error"]


def test_twelve_bits_in_sixteen_are_asked_for_in_a_request(champion, ask, form, cracked):
    deep = io.BytesIO()
    Image.fromarray(cracked[..., 0].astype(np.uint16) * 16).save(deep, "PNG")
    sent = [("photo", ("deep.png", deep.getvalue(), "image/png"))]
    reply = ask(champion, "POST", "/classify", files=sent)
    assert reply.status_code == 422
    assert "Set 'bits'" in reply.json()["error"]
    answer = ask(champion, "POST", "/classify", files=sent, data={"bits": "12"}).json()["photos"][0]
    plain = ask(champion, "POST", "/classify", files=form(cracked)).json()["photos"][0]
    assert answer["probability"] == pytest.approx(plain["probability"], abs=0.02)


def test_what_a_request_may_ask_for_is_counted_and_not_timed(champion, ask, form, cracked, monkeypatch):
    """The operations of the networks on one patch, by hand from the shapes of their convolutions."""
    served = champion.current
    counts: list[int] = []

    def count(module: torch.nn.Module, _: object, out: torch.Tensor) -> None:
        assert isinstance(module, torch.nn.Conv2d)
        counts.append(2 * module.weight.numel() * out.shape[-1] * out.shape[-2])

    hooks = [
        module.register_forward_hook(count)
        for network in served.classifier.networks
        for module in network.modules()
        if isinstance(module, torch.nn.Conv2d)
    ]
    served.classifier.predict([cracked])
    for hook in hooks:
        hook.remove()
    side = served.classifier.description.size
    floor = LEAST_PER_PIXEL * side**2 * len(served.classifier.networks)
    assert served.operations_per_patch == pytest.approx(max(sum(counts), floor), rel=0.02)
    costly = replace(served, operations_per_patch=4e12)
    monkeypatch.setattr(champion, "current", costly)
    reply = ask(champion, "POST", "/classify", files=form(cracked))
    assert reply.status_code == 422
    assert "1 photo for 4 million million" in reply.json()["error"]


def test_the_declared_route_takes_photos_as_bentomls_client_sends_them(champion, cracked, tmp_path):
    """Called in Python, which sends the options as the client does: as JSON, texts in quotes."""
    from fieldwright.serving.declared_routes import DeclaredRoutes

    class Service(DeclaredRoutes):
        application = Endpoint(champion).app()

    photo = tmp_path / "wall.png"
    photo.write_bytes(png_bytes(cracked))
    answer = Service().explain([photo], method="grad_cam")
    assert (answer.photos[0].name, answer.photos[0].method) == ("wall.png", "grad_cam")


def test_the_client_has_a_row_for_each_photo(champion, cracked, sound, tmp_path, listening):
    path = tmp_path / "wall.png"
    path.write_bytes(png_bytes(cracked))
    with listening(Endpoint(champion).app()) as url, fw.Client(url) as client:
        answer = client.classify([path, png_bytes(sound)], prevalence=0.1)
        explained = client.explain(path, method="grad_cam")
        with pytest.raises(fw.FieldwrightError, match=r"none\.png.* must be there"):
            client.classify(tmp_path / "none.png")
    assert answer.photos["name"].tolist() == ["wall.png", "photo_1"]
    assert answer.photos["prevalence"].tolist() == [0.1, 0.1]
    assert answer.photos["probability"][0] > answer.photos["probability"][1]
    assert explained.pictures[0]["overlay"].shape == cracked.shape
    assert explained.photos["method"].tolist() == ["grad_cam"]
