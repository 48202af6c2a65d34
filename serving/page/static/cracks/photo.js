// One photo on the desk: its file, what the endpoint has answered about it, and what was drawn on it by hand.

let numbered = 0;

export class Photo {
  /** name: of the file, with its folder where it came in one. */
  constructor(file, name) {
    numbered += 1;
    this.id = numbered;
    this.file = file;
    this.name = name;
    /** What the endpoint said last, with `version`; null before. */
    this.answer = null;
    /** Pictures of the answer by name, as PNG files; they are unpacked when they are looked at. */
    this.pictures = {};
    /** With which its mask was made, before another was chosen. */
    this.ownThreshold = null;
    /** Its own scale {mm_per_px, scale_error}, from a line of known length; null for that of all photos. */
    this.scale = null;
    /** The mask as it was corrected by hand. */
    this.correction = null;
    /** The revision of the correction that was saved at the endpoint, and that which was saved there or downloaded. */
    this.saved = null;
    this.kept = null;
    this.thumbnail = null;
    this.forget();
  }

  /** Has everything asked anew. */
  forget() {
    /** Which question the answer, the measurements and the explanation belong to. */
    this.keys = {};
    this.refusal = null;
    this.cancelled = false;
    this.progress = null;
    this.running = false;
  }

  /** Whether something was drawn by hand that lies nowhere but on this page. */
  get unkept() {
    return this.correction !== null && this.correction.changed && this.kept !== this.correction.revision;
  }

  /** "waiting", "running", "answered", "refused" or "cancelled". */
  get state() {
    if (this.cancelled) return "cancelled";
    if (this.running) return "running";
    if (this.refusal !== null) return "refused";
    return this.answer === null ? "waiting" : "answered";
  }
}
