"""Photos that are dropped on the crack desk, and their table."""

from __future__ import annotations


def test_dropped_photos_stand_in_a_table_that_is_sorted_by_a_click(desk, walls):
    one = desk()
    files = [{"name": photo.name, "bytes": list(photo.content)} for photo in walls]
    one.page.evaluate(
        """(files) => {
          const carried = new DataTransfer();
          for (const { name, bytes } of files) {
            carried.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
          }
          carried.items.add(new File(["crack at km 3"], "notes.txt", { type: "text/plain" }));
          document.dispatchEvent(new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true }));
        }""",
        files,
    )
    one.page.wait_for_selector(f'tr[data-photo="{walls[-1].name}"]')
    one.answered()
    assert "notes.txt" in one.page.inner_text(".drop-area")
    answers = one.asked("segment", [("photo", photo) for photo in walls])["photos"]
    by_length = sorted(answers, key=lambda answer: answer["measurements"]["length"]["value"])
    rows = one.page.locator("tr[data-photo]")
    heading = one.page.locator("th button", has_text="Length")
    for expected in (by_length, by_length[::-1]):
        heading.click()
        names = [answer["name"] for answer in expected]
        one.visit.until(
            lambda names=names: rows.evaluate_all("rows => rows.map((row) => row.dataset.photo)") == names
        )
    assert one.visit.console == []
