// Sentences at the head of the page: what went wrong, and what has changed.

import { element } from "./elements.js";

export class Notices {
  constructor(root) {
    this.root = root;
    this.shown = new Map();
  }

  /** Shows a sentence under a name, in place of the one before; kind: "fault", "news" or "waiting". */
  show(name, sentence, kind = "fault", ...actions) {
    if (this.shown.get(name)?.sentence === sentence) return;
    this.clear(name);
    const close = element("button", { type: "button", class: "quiet", "aria-label": "Dismiss", onclick: () => this.clear(name) }, "×");
    const root = element("div", { class: `notice ${kind}`, "data-notice": name }, element("span", {}, sentence), actions, close);
    this.shown.set(name, { sentence, root });
    this.root.append(root);
  }

  clear(name) {
    this.shown.get(name)?.root.remove();
    this.shown.delete(name);
  }
}
