// Several panels in one place, one of which is seen: the arrow keys go from one to the next.

import { element, freshId } from "../shell/elements.js";

export class Tabs {
  /** pages: of {name, text, root}; each has opened() that is called when it comes into view. state: holds the name. */
  constructor(state, pages) {
    this.state = state;
    this.pages = pages;
    this.buttons = pages.map((page, k) => this.button(page, k));
    this.list = element("div", { class: "tabs", role: "tablist", "aria-label": "More about this model" }, this.buttons);
    this.root = element("section", { class: "panel more" }, this.list, pages.map((page) => page.root));
    state.follow(["tab"], () => this.show());
    this.show();
  }

  button(page, k) {
    const id = freshId("tab");
    page.root.setAttribute("role", "tabpanel");
    page.root.setAttribute("aria-labelledby", id);
    page.root.tabIndex = 0;
    page.root.id = `${id}-page`;
    return element(
      "button",
      {
        type: "button", role: "tab", id, "aria-controls": `${id}-page`,
        onclick: () => this.open(page.name),
        onkeydown: (event) => this.pressed(event, k),
      },
      page.text,
    );
  }

  pressed(event, k) {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!way) return;
    event.preventDefault();
    const visible = this.pages.map((_, index) => index).filter((index) => !this.buttons[index].hidden);
    const next = visible[(visible.indexOf(k) + way + visible.length) % visible.length];
    this.open(this.pages[next].name);
    this.buttons[next].focus();
  }

  open(name) {
    this.state.set({ tab: name });
  }

  get current() {
    const name = this.state.get("tab");
    return this.pages.find((page) => page.name === name && !page.absent) ?? this.pages.find((page) => !page.absent);
  }

  /** Takes a page away, or brings it back. */
  offer(page, is) {
    page.absent = !is;
    this.show();
  }

  show() {
    const { current } = this;
    this.pages.forEach((page, k) => {
      const on = page === current;
      page.root.hidden = !on;
      this.buttons[k].hidden = Boolean(page.absent);
      this.buttons[k].setAttribute("aria-selected", String(on));
      this.buttons[k].tabIndex = on ? 0 : -1;
    });
    if (current !== this.last) {
      this.last = current;
      current?.opened?.();
    }
  }
}
