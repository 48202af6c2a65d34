// Asks the endpoint about one photo after another: the one that is looked at first, few at a time, none in vain.

import { Refusal, Unreachable } from "../shell/endpoint.js";

const AT_A_TIME = 2;

export class WorkList {
  /**
   * photos: a PhotoList. task: from a photo to what is to be asked about it, {key, run}, or null; run takes an
   * AbortSignal. lost: called when the endpoint does not answer. busy: called with how many seconds it asks to wait.
   */
  constructor({ photos, task, lost, busy, failed }) {
    Object.assign(this, { photos, task, lost, busy, failed });
    this.running = new Map();
    this.paused = false;
  }

  /** How many photos are still to be asked about. */
  get waiting() {
    return this.photos.photos.filter((photo) => this.running.has(photo) || this.wanted(photo) !== null).length;
  }

  /** Begins what is to be done, and ends what is no longer wanted. */
  wake() {
    for (const [photo, { key, controller }] of this.running) {
      const gone = !this.photos.photos.includes(photo) || photo.cancelled;
      if (gone || this.task(photo)?.key !== key) controller.abort();
    }
    if (this.paused) return;
    for (const photo of this.order()) {
      if (this.running.size >= AT_A_TIME) return;
      const task = this.running.has(photo) ? null : this.wanted(photo);
      if (task !== null) this.start(photo, task);
    }
  }

  /** Goes on after a time in which the endpoint did not answer. */
  resume() {
    this.paused = false;
    this.wake();
  }

  cancel(photo) {
    photo.cancelled = true;
    this.photos.changed(photo);
    this.wake();
  }

  *order() {
    const { selected, photos } = this.photos;
    if (selected !== null) yield selected;
    yield* photos;
  }

  /** What is to be asked, where it has not been refused already. */
  wanted(photo) {
    if (photo.cancelled) return null;
    const task = this.task(photo);
    return task === null || photo.refusal?.key === task.key ? null : task;
  }

  async start(photo, { key, run }) {
    const controller = new AbortController();
    this.running.set(photo, { key, controller });
    Object.assign(photo, { running: true, refusal: null, progress: null });
    this.photos.changed(photo);
    let error = null;
    try {
      await run(controller.signal);
    } catch (raised) {
      error = raised;
    }
    this.running.delete(photo);
    Object.assign(photo, { running: false, progress: null });
    if (error !== null && error.name !== "AbortError") this.take(error, photo, key);
    this.photos.changed(photo);
    this.wake();
  }

  take(error, photo, key) {
    if (error instanceof Unreachable) {
      this.paused = true;
      this.lost();
    } else if (error instanceof Refusal && error.retryAfter !== null) {
      this.paused = true;
      this.busy(error);
      setTimeout(() => this.resume(), 1000 * Math.max(1, error.retryAfter));
    } else {
      photo.refusal = { key, sentence: error.message };
      if (!(error instanceof Refusal)) this.failed(error);
    }
  }
}
