// What a crack segmenter is asked about a photo, and what is shown of its answer.

import { quantityText } from "../shell/numbers.js";
import { maskOf, readGrey, writeGrey } from "./picture/grey_picture.js";
import { allColours, maskColours } from "./picture/level_layer.js";
import { scaleOptions } from "./scale.js";

const HALF = 128;
/** Which pictures are fetched: the drawn one is as large as all others, and is shown where the browser reads no photo. */
const PICTURES = "mask,probability,std";
const UNSHOWN = /\.tiff?$/i;

export class Segmenter {
  /** answeredBy: called with the version of each answer. */
  constructor({ state, questions, about, photos, answeredBy }) {
    Object.assign(this, { state, questions, about, photos, answeredBy });
    this.segments = true;
    this.maskColours = maskColours(HALF);
    this.shows = [["crack", "cracks"], ["probability", "probability"], ["std", "uncertainty (std)"], ["photo", "photo alone"]];
    this.columns = [
      { name: "probability", text: "Probability", value: ({ answer }) => answer.probability, number: true, show: (value) => `${(100 * value).toFixed(0)} %` },
      lengthColumn("length", "Length"),
      lengthColumn("max_width", "Widest"),
    ];
    this.unpacked = { photo: null, levels: new Map() };
  }

  /** From which calibrated probability on a pixel counts as crack. */
  get threshold() {
    const value = this.state.number("threshold");
    return value > 0 && value < 1 ? value : this.about.threshold;
  }

  /** The threshold of the mask that is shown and measured. */
  thresholdOf(photo) {
    return photo.correction?.threshold ?? this.threshold;
  }

  measureKey(photo) {
    const mask = photo.correction === null ? this.threshold : `corrected ${photo.correction.threshold} ${photo.correction.revision}`;
    return JSON.stringify(["measure", photo.keys.answer, scaleOptions(this.state, photo), mask]);
  }

  isMeasured(photo) {
    return photo.keys.measure === this.measureKey(photo);
  }

  /** What is to be asked next about a photo: its mask, or its measurements anew. */
  task(photo) {
    if (photo.keys.answer === undefined) return { key: "answer", run: (signal) => this.segment(photo, signal) };
    const key = this.measureKey(photo);
    return photo.keys.measure === key ? null : { key, run: (signal) => this.measure(photo, key, signal) };
  }

  async segment(photo, signal) {
    const options = scaleOptions(this.state, photo);
    const progress = (state) => {
      photo.progress = state;
      this.photos.changed(photo);
    };
    const { answer, pictures } = await this.questions.about(photo, "segment", { ...options, lines: true, pictures: UNSHOWN.test(photo.name) ? null : PICTURES }, { signal, progress });
    photo.answer = { ...answer.photos[0], model: answer.model, version: answer.version };
    photo.pictures = pictures;
    photo.ownThreshold = photo.answer.threshold;
    photo.keys.answer = answer.version;
    photo.keys.measure = JSON.stringify(["measure", answer.version, options, photo.answer.threshold]);
    if (this.unpacked.photo === photo) this.unpacked.photo = null;
    this.answeredBy(answer.version);
  }

  async measure(photo, key, signal) {
    const threshold = this.thresholdOf(photo);
    const files = {
      mask: [await this.maskFile(photo), "mask.png"],
      probability: [photo.pictures.probability, "probability.png"],
      std: [photo.pictures.std, "std.png"],
    };
    const options = { ...scaleOptions(this.state, photo), threshold, lines: true };
    const { photos: [{ crack, share, measurements }] } = await this.questions.numbers("measure", files, options, signal);
    Object.assign(photo.answer, { crack, share, measurements, threshold });
    photo.keys.measure = key;
  }

  /** Levels of a picture of the answer; those of the photo that was looked at last are held. */
  async levels(photo, name) {
    if (this.unpacked.photo !== photo) this.unpacked = { photo, levels: new Map() };
    const { levels } = this.unpacked;
    if (!levels.has(name)) levels.set(name, await readGrey(photo.pictures[name]));
    return levels.get(name);
  }

  /** The mask that is shown and measured: corrected, the model's own, or that of another threshold. */
  async mask(photo) {
    if (photo.correction !== null) return photo.correction;
    if (this.threshold === photo.ownThreshold) return this.levels(photo, "mask");
    return maskOf(await this.levels(photo, "probability"), this.threshold);
  }

  async maskFile(photo) {
    const untouched = photo.correction === null && this.threshold === photo.ownThreshold;
    return untouched ? photo.pictures.mask : writeGrey(await this.mask(photo));
  }

  /** {levels, table}: what lies over the photo, and in which colours; null for nothing. */
  async layer(photo) {
    const show = this.state.get("show", "crack");
    if (show === "photo" || photo.keys.answer === undefined) return null;
    if (show !== "crack") return { levels: await this.levels(photo, show), table: allColours() };
    if (photo.correction !== null) return { levels: photo.correction, table: this.maskColours };
    if (this.threshold === photo.ownThreshold) return { levels: await this.levels(photo, "mask"), table: this.maskColours };
    return { levels: await this.levels(photo, "probability"), table: maskColours(Math.ceil(this.threshold * 255 - 1e-9)) };
  }
}

function lengthColumn(name, text) {
  return {
    name,
    text,
    number: true,
    value: ({ answer }) => answer.measurements[name].value,
    show: (value, { answer }) => quantityText(value, answer.measurements[name].unit, 3),
  };
}
