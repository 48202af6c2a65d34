// A design that is pinned, to be compared with those that come after it.

import { element } from "../shell/elements.js";
import { quantityText } from "../shell/numbers.js";

export class Pin {
  constructor(state, parameters) {
    this.state = state;
    this.parameters = parameters;
    this.list = element("dl", { class: "pinned-values" });
    this.pinned = element("div", {}, this.list, element("div", { class: "buttons" }, button("Return to it", () => this.back()), button("Unpin", () => this.unpin())));
    this.root = element(
      "section",
      { class: "panel pin", "aria-labelledby": "pin-title" },
      element("div", { class: "panel-head" }, element("h2", { id: "pin-title" }, "Pinned design"), button("Pin this one", () => this.pin())),
      this.pinned,
    );
    state.follow(["pin."], () => this.show());
    this.show();
  }

  get question() {
    return this.parameters.question;
  }

  /** The parameters of the pinned design, and its outline where it has one; null where none is pinned. */
  values() {
    const pairs = this.question.parameters.map(({ name }) => [name, this.state.number(`pin.${name}`)]);
    if (this.question.outline) pairs.push(["outline", this.state.numbers("pin.outline")]);
    return pairs.length > 0 && pairs.every(([, value]) => value !== null) ? Object.fromEntries(pairs) : null;
  }

  pin() {
    const { outline } = this.question;
    this.put({ ...this.parameters.values(), ...(outline ? { outline: outline.flat().join(",") } : {}) });
  }

  unpin() {
    this.put(Object.fromEntries(Object.keys(this.values()).map((name) => [name, null])));
  }

  back() {
    const { outline, ...parameters } = this.values();
    this.parameters.write(parameters);
    if (outline) this.state.set({ outline: outline.join(",") });
  }

  put(values) {
    this.state.set(Object.fromEntries(Object.entries(values).map(([name, value]) => [`pin.${name}`, value])));
  }

  show() {
    const values = this.values();
    this.pinned.hidden = values === null;
    if (values === null) return;
    const rows = this.parameters.question.parameters.map((info) => [element("dt", {}, info.name), element("dd", {}, quantityText(values[info.name], info.unit))]);
    this.list.replaceChildren(...rows.flat());
  }
}

function button(text, pressed) {
  return element("button", { type: "button", onclick: pressed }, text);
}
