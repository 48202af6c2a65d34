// Sentences at the head of the page: what went wrong, and what has changed.

import { element } from "./elements.js";

export class Notices {
  constructor(root) {
    this.root = root;
    this.entries = new Map();
  }

  /** Shows a sentence under a name, in place of the one before; kind: "fault", "news" or "waiting". */
  show(name, sentence, kind = "fault", ...actions) {
    if (this.entries.get(name)?.sentence === sentence) return;
    this.clear(name);
    const close = element("button", { type: "button", class: "quiet", "aria-label": "Dismiss", onclick: () => this.clear(name) }, "×");
    const root = element("div", { class: `notice ${kind}`, "data-notice": name }, element("span", {}, sentence), actions, close);
    this.entries.set(name, { sentence, root });
    this.root.append(root);
  }

  clear(name) {
    this.entries.get(name)?.root.remove();
    this.entries.delete(name);
  }
}
