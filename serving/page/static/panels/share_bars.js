// Rows of a name, a bar and a number.

import { element } from "../shell/elements.js";

/** rows: of {name, share from -1 to 1, further: a longer share behind it, text, note}; signed: whether bars go both ways. */
export function shareBars(rows, signed = false) {
  return element(
    "div",
    { class: `share-bars${signed ? " signed" : ""}` },
    rows.map(({ name, share, further = null, text, note = "" }) => {
      const bar = element("span", { class: "share-bar" });
      for (const [kind, value] of [["further", further], ["own", share]]) {
        if (value === null) continue;
        const part = element("span", { class: `share-part ${kind}${value < 0 ? " negative" : ""}` });
        part.style.width = `${(signed ? 50 : 100) * Math.min(1, Math.abs(value))}%`;
        bar.append(part);
      }
      return element("div", { class: "share-row" }, element("span", { class: "share-name" }, name), bar, element("span", { class: "share-text" }, text), element("span", { class: "note" }, note));
    }),
  );
}
