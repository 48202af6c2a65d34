// How large a pixel is on the surface: of all photos, as it stands in the link, or of one, by a line of known length.

import { choice, element, freshId, say } from "../shell/elements.js";
import { numberText, parsedNumber } from "../shell/numbers.js";

const CAMERA = ["distance_mm", "focal_length_mm", "pixel_pitch_um"];
const WAYS = { px: [], mm: ["mm_per_px"], camera: CAMERA };
const TEXTS = {
  mm_per_px: ["Millimetres per pixel", "mm"],
  distance_mm: ["Distance of the camera", "mm"],
  focal_length_mm: ["Focal length", "mm"],
  pixel_pitch_um: ["Pixel pitch of the sensor", "µm"],
  scale_error: ["May be off by", "%"],
};

/** The options of a question about a photo that say its scale; none where it is not known. */
export function scaleOptions(state, photo) {
  if (photo.scale !== null) return photo.scale;
  const names = WAYS[state.get("scale", "px")] ?? [];
  const values = names.map((name) => [name, state.number(name)]);
  if (names.length === 0 || values.some(([, value]) => !(value > 0))) return {};
  const error = state.number("scale_error");
  return { ...Object.fromEntries(values), ...(error > 0 && error <= 1 ? { scale_error: error } : {}) };
}

export class ScalePanel {
  /** photos: a PhotoList. changed: called when a photo's own scale is dropped. */
  constructor(state, photos, changed) {
    Object.assign(this, { state, photos });
    const ways = [["px", "not known: pixels"], ["mm", "millimetres per pixel"], ["camera", "by the camera"]];
    this.way = choice("Scale of all photos", ways, state.get("scale", "px"), (scale) => state.set({ scale: scale === "px" ? null : scale }));
    this.fields = Object.fromEntries(Object.keys(TEXTS).map((name) => [name, this.field(name)]));
    this.note = element("p", { class: "note" });
    this.drop = element("button", { type: "button", onclick: () => this.dropOwn(changed) }, "Use that of all photos");
    this.root = element(
      "section",
      { class: "panel scale", "aria-labelledby": "scale-title" },
      element("div", { class: "panel-head" }, element("h2", { id: "scale-title" }, "Scale")),
      this.way.root,
      Object.values(this.fields).map(({ root }) => root),
      this.note,
      this.drop,
    );
    state.follow(["scale", ...Object.keys(TEXTS)], () => this.show());
    photos.addEventListener("selected", () => this.show());
    photos.addEventListener("photo", () => this.show());
    this.show();
  }

  field(name) {
    const id = freshId("scale");
    const [text, unit] = TEXTS[name];
    const input = element("input", { id, type: "text", inputmode: "decimal", onchange: () => this.entered(name, input) });
    const entry = element("span", { class: "entry" }, input, element("span", { class: "unit" }, unit));
    return { root: element("div", { class: "scale-row" }, element("label", { for: id }, text), entry), input };
  }

  entered(name, input) {
    const value = parsedNumber(input.value);
    const share = name === "scale_error";
    const fits = input.value.trim() === "" || (share ? value >= 0 && value <= 100 : value > 0 && Number.isFinite(value));
    input.setAttribute("aria-invalid", String(!fits));
    // Twelve digits: 3 % is 0.03, not 0.030000000000000002.
    if (fits) this.state.set({ [name]: Number.isNaN(value) ? null : share ? Number((value / 100).toPrecision(12)) : value });
  }

  show() {
    const way = this.state.get("scale", "px");
    this.way.select.value = way;
    const names = WAYS[way] ?? [];
    for (const [name, { root, input }] of Object.entries(this.fields)) {
      root.hidden = !names.includes(name) && !(name === "scale_error" && names.length > 0);
      const value = this.state.number(name);
      const text = value === null ? "" : String(name === "scale_error" ? Number((100 * value).toPrecision(12)) : value);
      if (document.activeElement !== input) input.value = text;
    }
    const photo = this.photos.selected;
    const own = photo?.scale ?? null;
    this.drop.hidden = own === null;
    say(this.note, own !== null
        ? `This photo has a scale of its own: ${numberText(own.mm_per_px, 4)} mm per pixel, ± ${numberText(100 * own.scale_error, 2)} %.`
        : names.some((name) => !(this.state.number(name) > 0))
          ? "Fill in what is missing; until then lengths are in pixels."
          : photo?.answer?.measurements?.mm_per_px
            ? `${numberText(photo.answer.measurements.mm_per_px, 4)} mm per pixel, for a camera square to the surface.`
            : "Or measure a line of known length in a photo with the ruler.");
  }

  dropOwn(changed) {
    const photo = this.photos.selected;
    photo.scale = null;
    this.photos.changed(photo);
    changed();
  }
}
