// The measured first times that a forecast goes on from: those of a training run, of a file, or edited.

import { choice, element, fillChoice } from "../shell/elements.js";
import { save } from "../shell/files.js";
import { numberText, parsedNumber } from "../shell/numbers.js";

export class History {
  constructor(desk) {
    this.desk = desk;
    const { state, question } = desk;
    this.run = choice("From training run", [], "", (k) => this.takeRun(Number(k)));
    this.file = element("input", { type: "file", accept: ".csv,.txt", id: "history-file", onchange: () => this.load() });
    this.fault = element("p", { class: "warning", role: "status" });
    this.about = element("p", { class: "note" });
    this.shifts = question.fields.map((info) => this.shiftOf(info));
    this.table = element("div", { class: "history-table" });
    this.root = element(
      "section",
      { class: "panel history", "aria-labelledby": "history-title" },
      element("div", { class: "panel-head" }, element("h2", { id: "history-title" }, "History"), element("button", { type: "button", onclick: () => this.keep() }, "Save CSV")),
      this.about,
      element("div", {}, this.run.root),
      element("label", { class: "file" }, element("span", { class: "note" }, "Load the measured times from a CSV file"), this.file),
      this.fault,
      element("div", { class: "controls" }, this.shifts.map((one) => one.root)),
      this.table,
    );
    state.follow(["history", "start", "shift."], () => this.show());
    // A run's own parameters go with its history, unless the link says others.
    if (![...state.values.keys()].some((name) => name === "history" || name.startsWith("p."))) state.set(this.ofRun(0));
    this.show();
  }

  /** A number that is added to all values of a field. */
  shiftOf(info) {
    const key = `shift.${info.name}`;
    const input = element("input", {
      type: "text", inputmode: "decimal", "aria-label": `Added to all values of ${info.name}`,
      onchange: () => {
        const value = parsedNumber(input.value);
        input.setAttribute("aria-invalid", String(!Number.isFinite(value)));
        if (Number.isFinite(value)) this.desk.state.set({ [key]: value || null });
      },
    });
    const root = element(
      "div",
      { class: "parameter-head" },
      element("span", {}, `${info.name} +`),
      element("span", { class: "entry" }, input, element("span", { class: "unit" }, info.unit)),
    );
    return { root, show: () => (input.value = String(this.desk.state.number(key, 0))) };
  }

  takeRun(k) {
    this.desk.question.histories.loaded = null;
    this.fault.textContent = "";
    this.desk.state.set({ ...this.ofRun(k), start: null });
    this.desk.ask();
    this.show();
  }

  /** The history of an example, with the parameters of its run. */
  ofRun(k) {
    const parameters = Object.entries(this.desk.question.histories.parameters).map(([name, values]) => [`p.${name}`, values[k]]);
    return { history: k, ...Object.fromEntries(parameters) };
  }

  async load() {
    const [file] = this.file.files;
    const { histories } = this.desk.question;
    try {
      histories.load(await file.text(), file.name);
      this.fault.textContent = "";
      this.desk.state.set({ start: null });
      this.desk.ask();
    } catch (error) {
      this.fault.textContent = error.message;
    }
    this.file.value = "";
    this.show();
  }

  keep() {
    save(new Blob([this.desk.question.histories.table()], { type: "text/csv" }), "history.csv");
  }

  show() {
    const { histories } = this.desk.question;
    fillChoice(this.run.select, histories.choices(), histories.loaded ? "" : String(histories.index));
    this.about.textContent = histories.sentence();
    for (const one of this.shifts) one.show();
    if (histories.isSmall && !this.table.contains(document.activeElement)) this.table.replaceChildren(this.entries());
  }

  /** The values themselves, where they are few. */
  entries() {
    const { histories } = this.desk.question;
    const columns = histories.columns();
    const values = histories.numbers();
    const cell = (k, row, column) =>
      element("td", {}, element("input", {
        type: "text", inputmode: "decimal", value: String(Number(values[k].toPrecision(6))), "aria-label": `${column} at ${numberText(histories.times[row])}`,
        onchange: (event) => this.edited(k, event.target),
      }));
    return element(
      "table",
      {},
      element("thead", {}, element("tr", {}, ["time", ...columns].map((name) => element("th", { scope: "col" }, name)))),
      element("tbody", {}, Array.from(histories.times, (time, row) =>
        element("tr", {}, element("th", { scope: "row" }, numberText(time)), columns.map((column, j) => cell(row * columns.length + j, row, column))))),
    );
  }

  edited(k, input) {
    const value = parsedNumber(input.value);
    input.setAttribute("aria-invalid", String(!Number.isFinite(value)));
    if (!Number.isFinite(value)) return;
    const values = this.desk.question.histories.numbers();
    values[k] = value;
    const shifts = Object.fromEntries(this.desk.question.fields.map(({ name }) => [`shift.${name}`, null]));
    this.desk.state.set({ start: Array.from(values).join(","), ...shifts });
  }
}
