"""How far a job has come: never backwards, never beyond all, and half of it once the tiles are done."""

from fieldwright.serving.photos.progress import TileCount


def test_tiles_are_half_of_the_work_and_all_of_it_ends_at_the_total() -> None:
    seen: list[tuple[int, int]] = []
    tiles = [6, 1, 0]
    count = TileCount(tiles, lambda done, total: seen.append((done, total)))
    after_tiles = []
    for of_photo in tiles:
        for done in range(1, of_photo + 1):
            count(done, of_photo)
        after_tiles.append(seen[-1][0] if seen else 0)
        count.measured()
        count.photo_done()
    assert {total for _, total in seen} == {6 + 6 + 1 + 1 + 1}
    done = [one for one, _ in seen]
    assert done == sorted(done)
    assert done[-1] == 15
    assert after_tiles == [6, 13, 14]
