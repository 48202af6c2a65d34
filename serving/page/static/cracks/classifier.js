// What a crack classifier is asked about a photo, and what is shown of its answer.

import { readGrey } from "./picture/grey_picture.js";
import { warmColours } from "./picture/level_layer.js";

export class Classifier {
  /** answeredBy: called with the version of each answer. */
  constructor({ state, questions, about, photos, answeredBy }) {
    Object.assign(this, { state, questions, about, photos, answeredBy });
    this.segments = false;
    this.shows = [["heat", "what decided"], ["photo", "photo alone"]];
    this.columns = [
      { name: "probability", text: "Probability", value: ({ answer }) => answer.probability, number: true, show: (value) => `${(100 * value).toFixed(0)} %` },
      { name: "band", text: "Band", value: ({ answer }) => answer.upper - answer.lower, number: true, show: (_, { answer }) => `${(100 * answer.lower).toFixed(0)} … ${(100 * answer.upper).toFixed(0)} %` },
    ];
    this.warmth = { photo: null };
  }

  get prevalence() {
    const value = this.state.number("prevalence");
    return value > 0 && value < 1 ? value : null;
  }

  get method() {
    return this.state.get("method", "saliency");
  }

  answerKey() {
    return JSON.stringify(["answer", this.prevalence]);
  }

  isMeasured(photo) {
    return photo.keys.answer === this.answerKey();
  }

  /** What is to be asked next about a photo: its probability, or why, of the one that is looked at. */
  task(photo) {
    const key = this.answerKey();
    if (photo.keys.answer !== key) return { key, run: (signal) => this.classify(photo, key, signal) };
    if (photo !== this.photos.selected || photo.keys.heat === this.method || this.state.get("show", "heat") !== "heat") return null;
    const { method } = this;
    return { key: `heat ${method}`, run: (signal) => this.explain(photo, method, signal) };
  }

  async classify(photo, key, signal) {
    const answer = await this.questions.numbers("classify", { photo: [photo.file, photo.name] }, { prevalence: this.prevalence }, signal);
    photo.answer = { ...answer.photos[0], model: answer.model, version: answer.version };
    photo.keys.answer = key;
    this.answeredBy(answer.version);
  }

  async explain(photo, method, signal) {
    const progress = (state) => {
      photo.progress = state;
      this.photos.changed(photo);
    };
    const { answer, pictures } = await this.questions.about(photo, "explain", { method }, { signal, progress });
    photo.pictures = pictures;
    photo.answer.explanation = answer.photos[0];
    photo.keys.heat = method;
    this.warmth = { photo: null };
  }

  async layer(photo) {
    if (this.state.get("show", "heat") === "photo" || photo.keys.heat === undefined) return null;
    if (this.warmth.photo !== photo) this.warmth = { photo, levels: await readGrey(photo.pictures.heat) };
    return { levels: this.warmth.levels, table: warmColours() };
  }
}
