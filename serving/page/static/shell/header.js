// The head of the page: which model answers, in which version, how good it is, and whether the endpoint answers.

import { choice, element, say } from "./elements.js";
import { currentKey, keepKey } from "./endpoint.js";

export class Header {
  /** models: what the endpoint says of each; model: the name of one, or null; switched: called with another name. */
  constructor(models, model, switched) {
    this.version = element("span", { class: "version" });
    this.connection = element("span", { class: "connection", role: "status" });
    const several = models.length > 1 && model !== null;
    const names = models.map((about) => [about.model, about.model]);
    this.root = element(
      "div",
      { class: "header-inner" },
      element("a", { class: "brand", href: "./" }, element("img", { src: "page/mark.svg", alt: "", width: 22, height: 22 }), "Fieldwright"),
      several ? choice("Model", names, model, switched).root : element("span", { class: "model-name" }, model ?? ""),
      this.version,
      element("span", { class: "spacer" }),
      this.connection,
      element("a", { href: "docs" }, "Interface"),
      currentKey() ? element("button", { type: "button", onclick: forget }, "Forget key") : null,
    );
    this.connected(true);
  }

  serve(version) {
    say(this.version, `version ${version}`);
  }

  connected(is) {
    this.connection.classList.toggle("lost", !is);
    say(this.connection, is ? "connected" : "not connected");
  }
}

function forget() {
  keepKey("");
  location.reload();
}
