// What can be taken along: tables, fields and pictures as files, and the same question for curl and for Python.

import { element } from "../shell/elements.js";
import { ROOT, currentKey } from "../shell/endpoint.js";
import { copyButton, save } from "../shell/files.js";

/** Of a longer query curl takes the file that the button "Query" saves. */
const MOST_TEXT = 4000;
const QUERY_FILE = "query.json";

export class TakeAway {
  constructor(desk) {
    this.desk = desk;
    this.name = "take";
    this.text = "Downloads and queries";
    this.files = element("div", { class: "buttons" });
    this.curl = element("pre", { tabindex: 0, "aria-label": "The query for curl" });
    this.python = element("pre", { tabindex: 0, "aria-label": "The query for Python" });
    this.link = element("input", { type: "text", readonly: true, "aria-label": "Link to this state of the page", class: "link-field" });
    this.root = element(
      "div",
      {},
      element("h3", {}, "This design as a file"),
      this.files,
      element("h3", {}, "A link to what is shown"),
      element("div", { class: "buttons link" }, this.link, copyButton(() => this.link.value)),
      element(
        "div",
        { class: "two" },
        code("The same query by curl", this.curl),
        code("The same query from Python", this.python),
      ),
    );
    desk.state.addEventListener("change", () => this.draw());
  }

  opened() {
    this.draw();
  }

  draw() {
    if (this.root.hidden) return;
    const { question, view, endpoint } = this.desk;
    this.link.value = this.desk.state.link();
    const kinds = [...question.downloads(view.field), { name: "PNG", picture: true }, { name: "Query", query: true }];
    if (this.files.childElementCount !== kinds.length) {
      this.files.replaceChildren(
        ...kinds.map((kind) => element("button", { type: "button", onclick: () => this.take(kind) }, kind.name)),
      );
    }
    const body = this.desk.body(this.desk.parameters.values());
    this.curl.textContent = curlText(endpoint.address(question.route), body);
    this.python.textContent = question.python(body, { root: ROOT.replace(/\/$/, ""), model: endpoint.only ? null : endpoint.model, key: Boolean(currentKey()) });
  }

  async take(kind) {
    const { question, view, endpoint } = this.desk;
    try {
      if (kind.picture) {
        save(await this.desk.picture(), `${view.field}.png`);
        return;
      }
      if (kind.query) {
        save(new Blob([JSON.stringify(this.desk.body(this.desk.parameters.values()))], { type: "application/json" }), QUERY_FILE);
        return;
      }
      const current = question.downloads(view.field).find((one) => one.name === kind.name);
      const body = this.desk.body(this.desk.parameters.values(), { fields: current.fields, oneTime: current.oneTime });
      save(await endpoint.file(question.route, { body, accept: current.accept }), current.file);
    } catch (error) {
      this.desk.failed(error);
    }
  }
}

function curlText(address, body) {
  const key = currentKey() ? " \\\n  -H 'Authorization: Bearer YOUR_KEY'" : "";
  const text = JSON.stringify(body).replaceAll("'", "'\\''");
  const data = text.length > MOST_TEXT ? `@${QUERY_FILE}` : `'${text}'`;
  return `curl -s ${address} -H 'Content-Type: application/json'${key} -d ${data}`;
}

function code(heading, text) {
  return element("section", {}, element("div", { class: "panel-head" }, element("h3", {}, heading), copyButton(() => text.textContent)), text);
}
