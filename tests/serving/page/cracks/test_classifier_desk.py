"""The crack desk of a classifier in a real browser: photos in, calibrated probabilities and what decided."""

from __future__ import annotations


def test_probability_and_band_are_those_that_a_program_is_answered(desk, walls, strange):
    one = desk("tiles")
    one.add(*walls, strange)
    answers = one.asked("classify", [("photo", photo) for photo in (*walls, strange)])["photos"]
    for photo, answer in zip((*walls, strange), answers, strict=True):
        one.select(photo)
        assert float(one.page.get_attribute(".verdict-probability", "data-value")) == answer["probability"]
        assert one.page.inner_text(".verdict") == ("Crack" if answer["crack"] else "No crack")
        assert ("Unlike the training photos" in one.page.inner_text(".domain")) == (not answer["inside"])
    assert not answers[-1]["inside"]
    # Where cracks are rare, the same photo is less likely to show one.
    one.page.get_by_label("Cracked photos where these come from").fill("0,5")
    one.page.keyboard.press("Enter")
    one.answered()
    (rare,) = one.asked("classify", [("photo", strange)], prevalence=0.005)["photos"]
    assert float(one.page.get_attribute(".verdict-probability", "data-value")) == rare["probability"]
    assert rare["probability"] < answers[-1]["probability"]
    assert one.state()["prevalence"] == "0.005"
    assert one.visit.console == []


def test_what_decided_lies_over_the_photo(desk, walls):
    one = desk("tiles", state="opacity=1")
    one.add(walls[0])
    hottest = one.asked("explain", [("photo", walls[0])])["photos"][0]["hottest"]
    place = (hottest[1] + 0.5) / 240, (hottest[0] + 0.5) / 160
    red, green, blue = one.colour(*place)
    # The last colour of the map is a light yellow; the photo is grey there.
    assert min(red, green) > blue + 20
    one.page.get_by_label("Show", exact=True).select_option("photo")
    one.answered()
    red, green, blue = one.colour(*place)
    assert max(red, green, blue) - min(red, green, blue) < 20
    assert one.visit.console == []
