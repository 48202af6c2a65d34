// Takes photos in: dropped files and folders, or chosen ones.

import { element, say } from "../shell/elements.js";

const ENDINGS = /\.(jpe?g|png|tiff?|bmp|webp|ppm|heic|heif|avif|dng|cr2|nef|arw)$/i;

export class DropArea {
  /** taken: called with a list of {file, name}. */
  constructor(taken) {
    this.taken = taken;
    this.said = element("p", { class: "note", role: "status" });
    const files = element("input", { type: "file", multiple: true, accept: "image/*,.tif,.tiff,.bmp", id: "photo-files", class: "hidden-input" });
    const folder = element("input", { type: "file", webkitdirectory: true, id: "photo-folder", class: "hidden-input" });
    for (const input of [files, folder]) {
      input.tabIndex = -1;
      input.setAttribute("aria-hidden", "true");
      input.addEventListener("change", () => {
        this.take([...input.files].map((file) => ({ file, name: file.webkitRelativePath || file.name })));
        input.value = "";
      });
    }
    this.root = element(
      "section",
      { class: "panel drop-area", "aria-label": "Photos to look at" },
      element("p", { class: "drop-words" }, "Drop photos or a folder here, or"),
      element("div", { class: "buttons" }, button("Choose photos", files), button("Choose a folder", folder)),
      files,
      folder,
      element("p", { class: "note" }, "Photos go to this endpoint alone, to be answered, and are not kept there unless you save a correction."),
      this.said,
    );
    // A file that misses the area would otherwise be opened in place of the page, and all that was done be lost.
    document.addEventListener("dragover", (event) => this.over(event, true));
    document.addEventListener("dragleave", (event) => event.relatedTarget === null && this.over(event, false));
    document.addEventListener("drop", (event) => this.dropped(event));
  }

  over(event, is) {
    event.preventDefault();
    this.root.classList.toggle("over", is);
  }

  async dropped(event) {
    this.over(event, false);
    const items = [...event.dataTransfer.items].filter((item) => item.kind === "file");
    // Entries must be fetched before the first wait: the browser empties the list afterwards.
    const entries = items.map((item) => item.webkitGetAsEntry()).filter(Boolean);
    const found = entries.length > 0 ? (await Promise.all(entries.map(filesOf))).flat() : [...event.dataTransfer.files].map((file) => ({ file, name: file.name }));
    this.take(found);
  }

  take(found) {
    const photos = found.filter(({ file, name }) => file.type.startsWith("image/") || ENDINGS.test(name));
    const others = found.length - photos.length;
    const names = found.filter((entry) => !photos.includes(entry)).map(({ name }) => name);
    say(this.said, others === 0 ? "" : `${others === 1 ? "One file is no photo and was" : `${others} files are no photos and were`} left out: ${names.slice(0, 3).join(", ")}${others > 3 ? ", ..." : ""}.`);
    photos.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
    if (photos.length > 0) this.taken(photos);
  }
}

function button(text, input) {
  return element("button", { type: "button", onclick: () => input.click() }, text);
}

/** All files below a dropped entry. */
async function filesOf(entry) {
  if (entry.isFile) {
    const file = await new Promise((found, failed) => entry.file(found, failed));
    return [{ file, name: entry.fullPath.replace(/^\//, "") }];
  }
  const reader = entry.createReader();
  const files = [];
  for (;;) {
    // A browser gives some hundred entries at a time.
    const some = await new Promise((found, failed) => reader.readEntries(found, failed));
    if (some.length === 0) return files;
    for (const one of some) files.push(...(await filesOf(one)));
  }
}
