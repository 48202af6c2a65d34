// All photos with their state and what was found, in an order that can be chosen.

import { element, say } from "../shell/elements.js";

const STATES = { waiting: "waits", running: "is asked", refused: "refused", cancelled: "cancelled" };

/** What is known of a photo: whether it is cracked, or why that is not known yet. */
function verdict({ answer, state, progress }) {
  if (progress?.total) {
    const left = progress.seconds_left === null ? "" : `, ${Math.ceil(progress.seconds_left)} s left`;
    return `${Math.round((100 * progress.done) / progress.total)} %${left}`;
  }
  if (state === "refused" || answer === null) return STATES[state];
  return answer.crack ? "crack" : "no crack";
}

export class PhotoTable {
  constructor({ state, photos, kind, work, again }) {
    Object.assign(this, { state, photos, kind, work });
    this.rows = new Map();
    this.columns = [
      { name: "name", text: "Photo", value: (photo) => photo.name },
      { name: "crack", text: "Verdict", value: verdict },
      { name: "inside", text: "Domain", value: (photo) => (photo.answer === null ? null : photo.answer.inside ? (photo.answer.warning ? "doubt" : "inside") : "outside") },
      ...kind.columns.map((column) => ({ ...column, value: (photo) => (photo.answer === null ? null : column.value(photo)) })),
    ];
    this.heads = this.columns.map((column) => this.head(column));
    this.body = element("tbody", { onkeydown: (event) => this.pressed(event) });
    this.count = element("span", { class: "note", role: "status" });
    this.stop = element("button", { type: "button", onclick: () => this.cancelAll() }, "Cancel");
    this.again = element("button", { type: "button", onclick: again }, "Ask again");
    this.root = element(
      "section",
      { class: "panel photo-table", "aria-labelledby": "photos-title" },
      element("div", { class: "panel-head" }, element("h2", { id: "photos-title" }, "Photos"), this.count, this.stop, this.again),
      element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of photos" },
        element("table", {}, element("thead", {}, element("tr", {}, this.heads.map(({ root }) => root), element("td", {}))), this.body)),
    );
    photos.addEventListener("list", () => this.order());
    photos.addEventListener("selected", () => this.mark());
    photos.addEventListener("photo", ({ detail }) => this.changed(detail));
    state.follow(["sort"], () => this.order());
    this.order();
  }

  /** {name, down}: by which column, and whether from the largest on. */
  get sort() {
    const text = this.state.get("sort", "");
    return { name: text.replace(/^-/, ""), down: text.startsWith("-") };
  }

  head(column) {
    const button = element("button", { type: "button", class: "quiet", onclick: () => this.choose(column.name) }, column.text);
    return { column, root: element("th", { scope: "col", class: column.number ? "number" : null }, button) };
  }

  choose(name) {
    const { sort } = this;
    this.state.set({ sort: sort.name !== name ? name : sort.down ? null : `-${name}` });
  }

  /** Photos as they stand in the table. */
  sorted() {
    const { name, down } = this.sort;
    const column = this.columns.find((one) => one.name === name);
    if (column === undefined) return [...this.photos.photos];
    const keyed = this.photos.photos.map((photo, place) => ({ photo, place, value: column.value(photo) }));
    keyed.sort((a, b) => {
      // What has no value yet stands last, whichever way.
      if (a.value === null || b.value === null) return (a.value === null) - (b.value === null) || a.place - b.place;
      const order = typeof a.value === "number" ? a.value - b.value : a.value.localeCompare(b.value, "en", { numeric: true });
      return (down ? -order : order) || a.place - b.place;
    });
    return keyed.map(({ photo }) => photo);
  }

  order() {
    const { name, down } = this.sort;
    for (const { column, root } of this.heads) {
      if (column.name === name) root.setAttribute("aria-sort", down ? "descending" : "ascending");
      else root.removeAttribute("aria-sort");
    }
    const present = new Set(this.photos.photos);
    for (const photo of this.rows.keys()) if (!present.has(photo)) this.rows.delete(photo);
    const focused = document.activeElement;
    this.body.replaceChildren(...this.sorted().map((photo) => this.row(photo).root));
    if (this.body.contains(focused)) focused.focus();
    this.mark();
    this.summary();
  }

  row(photo) {
    let row = this.rows.get(photo);
    if (row === undefined) {
      const name = element("button", { type: "button", class: "quiet photo-name", title: photo.name, onclick: () => this.photos.select(photo) }, photo.name);
      const remove = element("button", { type: "button", class: "quiet", "aria-label": `Remove ${photo.name}`, onclick: () => this.remove(photo) }, "×");
      const cells = this.columns.slice(1).map((column) => element("td", { class: column.number ? "number" : null, "data-column": column.name }));
      const root = element("tr", { "data-photo": photo.name, onclick: (event) => event.target.closest("button") ?? this.photos.select(photo) },
        element("th", { scope: "row" }, name), cells, element("td", {}, remove));
      row = { root, cells, name };
      this.rows.set(photo, row);
      this.fill(photo, row);
    }
    return row;
  }

  fill(photo, { root, cells, name }) {
    if (photo.thumbnail !== null && name.firstChild !== photo.thumbnail) name.prepend(photo.thumbnail);
    root.dataset.state = photo.state;
    const columns = this.columns.slice(1);
    columns.forEach((column, k) => {
      const value = column.value(photo);
      say(cells[k], value === null ? "" : column.show ? column.show(value, photo) : value);
      if (typeof value === "number") cells[k].dataset.value = value;
    });
    const outside = photo.answer !== null && !photo.answer.inside;
    root.classList.toggle("outside", outside);
    root.classList.toggle("stale", photo.answer !== null && !this.kind.isMeasured(photo));
    cells[0].title = photo.refusal?.sentence ?? "";
  }

  changed(photo) {
    const row = this.rows.get(photo);
    if (row !== undefined) this.fill(photo, row);
    // The order follows once nothing is asked any more: rows that move about cannot be clicked.
    if (this.sort.name && this.work.waiting === 0) this.order();
    this.summary();
  }

  summary() {
    const { photos } = this.photos;
    const waiting = this.work.waiting;
    const refused = photos.filter(({ refusal }) => refusal !== null).length;
    const cracked = photos.filter(({ answer }) => answer?.crack).length;
    const outside = photos.filter(({ answer }) => answer !== null && !answer.inside).length;
    const parts = [`${cracked} of ${photos.length} with a crack`, outside ? `${outside} outside` : "", refused ? `${refused} refused` : "", waiting ? `${waiting} to be asked` : ""];
    say(this.count, photos.length === 0 ? "" : parts.filter(Boolean).join(" · "));
    this.stop.hidden = waiting === 0;
    this.again.hidden = photos.length === 0 || waiting > 0;
  }

  mark() {
    for (const [photo, { root, name }] of this.rows) {
      const is = photo === this.photos.selected;
      root.classList.toggle("selected", is);
      if (is) name.setAttribute("aria-current", "true");
      else name.removeAttribute("aria-current");
    }
  }

  pressed(event) {
    const way = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!way) return;
    event.preventDefault();
    const order = this.sorted();
    const next = order[order.indexOf(this.photos.selected) + way];
    if (next === undefined) return;
    this.photos.select(next);
    this.rows.get(next).name.focus();
  }

  remove(photo) {
    this.photos.remove(photo);
    const { selected } = this.photos;
    if (selected !== null) this.rows.get(selected).name.focus();
    this.work.wake();
  }

  cancelAll() {
    for (const photo of this.photos.photos) if (this.work.running.has(photo) || this.work.wanted(photo) !== null) this.work.cancel(photo);
  }
}
