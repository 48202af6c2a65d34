// The what-if page: parameters on the left, the field in the middle, the quantities with their bands on the right.

import { FieldView } from "./field/field_view.js";
import { DomainSign } from "./panels/domain_sign.js";
import { Parameters } from "./panels/parameters.js";
import { Pin } from "./panels/pin.js";
import { Quantities } from "./panels/quantities.js";
import { AboutModel } from "./panels/about_model.js";
import { CutCurve } from "./panels/cut_curve.js";
import { History } from "./panels/history.js";
import { Influence } from "./panels/influence.js";
import { ProbeCurve } from "./panels/probe_curve.js";
import { Responses } from "./panels/responses.js";
import { Shape } from "./panels/shape.js";
import { SolutionFacts } from "./panels/solution_facts.js";
import { Tabs } from "./panels/tabs.js";
import { TakeAway } from "./panels/take_away.js";
import { TimeSlider } from "./panels/time.js";
import { TimeCurve } from "./panels/time_curve.js";
import { FieldsQuestion } from "./questions/fields_question.js";
import { ShapesQuestion } from "./questions/shapes_question.js";
import { SolutionQuestion } from "./questions/solution_question.js";
import { watchedEndpoint } from "./shell/connection.js";
import { choice, element } from "./shell/elements.js";
import { Refusal, Unreachable } from "./shell/endpoint.js";
import { Latest } from "./shell/latest.js";
import { quantityText } from "./shell/numbers.js";

const QUESTIONS = { fields: FieldsQuestion, shapes: ShapesQuestion, equations: SolutionQuestion };

/** Fills the page for a model. */
export async function openDesk({ main, header, notices, state, endpoint, about }) {
  const question = new QUESTIONS[about.family](endpoint, about, state);
  await question.prepare().catch((error) => notices.show("prepare", error.message));
  const desk = new WhatIf({ header, notices, state, endpoint, question });
  main.replaceChildren(desk.root);
  desk.ask();
  return desk;
}

class WhatIf {
  constructor({ header, notices, state, endpoint, question }) {
    Object.assign(this, { header, notices, state, endpoint, question });
    this.answer = null;
    this.parameters = new Parameters(state, question);
    this.pin = new Pin(state, this.parameters);
    this.sign = new DomainSign();
    this.quantities = new Quantities(state, question);
    this.time = new TimeSlider(state);
    this.view = new FieldView(state, question);
    this.latest = new Latest(
      (request, signal) => question.ask(request.body, signal),
      (answer, request) => this.answered(answer, request),
      (error) => this.failed(error),
    );
    this.pinned = new Latest(
      (body, signal) => question.ask(body, signal),
      (answer) => this.pinAnswered(answer),
      (error) => this.failed(error),
    );
    this.time.isBusy = () => this.latest.busy;
    this.view.stage.after(this.time.root);
    this.shape = question.outline ? new Shape(this) : null;
    this.history = question.histories ? new History(this) : null;
    this.facts = new SolutionFacts();
    this.over = question.overChoices ? choice("Drawn over", question.overChoices, question.over.join(","), (over) => state.set({ over, probe: null })) : null;
    if (this.over) this.view.display.fields.root.after(this.over.root);
    this.pages = this.morePages();
    this.tabs = new Tabs(state, this.pages);
    this.root = element(
      "div",
      { class: "what-if" },
      this.sign.root,
      element("div", { class: "column left" }, this.shape?.root, this.history?.root, this.parameters.root, question.parameters.length || question.outline ? this.pin.root : null),
      element("div", { class: "column middle" }, this.view.root),
      element("div", { class: "column right" }, this.facts.root, this.quantities.root),
      this.tabs.root,
    );
    this.view.addEventListener("lacking", () => this.ask());
    state.follow(["p.", "field", "deform", "outline", "over", "history", "start", "shift."], () => this.ask());
    state.follow(["pin."], () => this.askPinned());
    state.follow(["time"], () => this.timeChanged());
    this.watch = watchedEndpoint({ header, notices, about: question.about, back: () => this.ask(), swapped: (detail) => this.swapped(detail) });
    this.setTimes();
    this.askPinned();
  }

  morePages() {
    const { question } = this;
    this.cutCurve = new CutCurve(this);
    this.probeCurve = new ProbeCurve(this);
    this.influence = question.hasSensitivities ? new Influence(this) : null;
    const timed = question.fields.some((info) => info.times) ? new TimeCurve(this) : null;
    this.timeCurve = timed;
    const responses = question.hasSensitivities ? new Responses(this) : null;
    this.responses = responses;
    return [responses, this.influence, timed, this.probeCurve, this.cutCurve, new TakeAway(this), new AboutModel(this)].filter(Boolean);
  }

  /** The picture as a PNG, with the design beneath it. */
  picture() {
    const { answer, question } = this;
    const values = this.parameters.values();
    const design = question.parameters.map((info) => `${info.name} = ${quantityText(values[info.name], info.unit)}`).join(", ");
    const where = answer.inside ? "Inside the domain of the training runs." : `OUTSIDE the domain of the training runs: ${answer.why ?? ""}`;
    return this.view.photograph([design, `${where} Model ${question.about.model}, version ${answer.version}.`]);
  }

  /** What a question about these parameters is, as they are drawn now. */
  body(parameters, more = {}) {
    return this.question.body(parameters, { fields: this.view.fields, time: this.time.index, ...more });
  }

  /** The same in the form in which it is quickly fetched to be drawn. */
  drawnBody(parameters) {
    return { ...this.body(parameters), ...this.question.form?.(this.view.field, this.view.statistics) };
  }

  ask() {
    this.setTimes();
    this.latest.want({ body: this.drawnBody(this.parameters.values()), since: performance.now() });
  }

  askPinned() {
    const parameters = this.pin.values();
    if (parameters === null) this.pinAnswered(null);
    else this.pinned.want(this.drawnBody(parameters));
  }

  setTimes() {
    // A steady field has no times, but the quantities of others do.
    const timed = this.view.display.info.times ? this.view.display.info : this.question.fields.find((info) => info.times);
    this.time.setTimes(timed?.times ?? null, timed?.axis);
  }

  timeChanged() {
    if (this.question.times?.(this.view.field, this.time.index)) this.ask();
    else this.show();
  }

  async answered(answer, { since }) {
    this.answer = answer;
    this.notices.clear("question");
    this.watch.answeredBy(answer.version);
    await this.show();
    this.probeCurve.want();
    performance.measure("from design to numbers", { start: since, end: performance.now() });
    // The frame after the one that was drawn: then this one has been seen.
    await this.view.drawn();
    performance.measure("from design to field", { start: since, end: performance.now() });
    this.root.dispatchEvent(new Event("answered"));
  }

  async show() {
    if (this.answer === null) return;
    this.sign.show(this.answer);
    this.facts.show(this.answer);
    this.quantities.show(this.answer, this.pinAnswer ?? null, this.time.index, this.view.field);
    this.root.classList.toggle("no-right", this.facts.root.hidden && this.quantities.root.hidden);
    await this.view.show(this.answer, this.pinAnswer ?? null, this.time.index).catch((error) => this.failed(error));
    this.cutCurve.draw();
    this.timeCurve?.draw();
  }

  pinAnswered(answer) {
    this.pinAnswer = answer;
    this.show();
  }

  failed(error) {
    if (error instanceof Unreachable) this.watch.lost();
    else if (error instanceof Refusal) this.notices.show("question", error.message);
    else {
      console.error(error);
      this.notices.show("question", `The page failed: ${error.message}`);
    }
  }

  /** Another version answers from now on: all that was fetched of the one before is fetched anew. */
  async swapped({ before, version }) {
    try {
      const about = await this.endpoint.describe();
      const same = JSON.stringify(names(about)) === JSON.stringify(names(this.question.about));
      if (!same) {
        location.reload();
        return;
      }
      await this.question.become(about);
      this.parameters.refresh();
      this.notices.show("version", `Version ${version} is served now, in place of version ${before}. What is shown comes from version ${version}.`, "news");
      this.ask();
      this.askPinned();
      this.influence?.forget();
      this.responses?.want();
    } catch (error) {
      this.failed(error);
    }
  }
}

function names(about) {
  return [about.parameters.map((info) => info.name), (about.fields ?? about.outputs).map((info) => [info.name, info.components])];
}
