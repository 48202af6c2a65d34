// Asks for an API key where the endpoint wants one. It stays in this tab and goes with it.

import { element } from "./elements.js";
import { keepKey } from "./endpoint.js";

/** Asks until there is a key; sentence: what the endpoint said. */
export function askForKey(sentence) {
  return new Promise((answered) => {
    const field = element("input", { type: "password", id: "api-key", autocomplete: "off", required: true });
    const form = element(
      "form",
      {
        class: "panel key-question",
        onsubmit: (event) => {
          event.preventDefault();
          keepKey(field.value.trim());
          form.remove();
          answered();
        },
      },
      element("h1", {}, "API key"),
      element("p", {}, sentence),
      element("label", { for: "api-key" }, "Key"),
      field,
      element("button", { type: "submit", class: "primary" }, "Use it"),
      element("p", { class: "note" }, "It is kept in this tab alone, and forgotten with it."),
    );
    document.getElementById("main").replaceChildren(form);
    field.focus();
  });
}
