// Looks whether the endpoint still answers, and with which version of the model.

import { ROOT } from "./endpoint.js";

const EVERY_MS = 4000;
const AWAY_MS = 1000;

export class Watch extends EventTarget {
  /** Asks the readiness of a model from now on, while the page is seen. */
  constructor(model) {
    super();
    this.address = `${ROOT}models/${encodeURIComponent(model)}/readyz`;
    this.away = false;
    this.version = null;
    document.addEventListener("visibilitychange", () => this.look());
    this.timer = setTimeout(() => this.look(), EVERY_MS);
  }

  /** The version that the last answer came from; another one than before is news. */
  answeredBy(version) {
    const before = this.version;
    this.version = version;
    if (before !== null && before !== version) this.dispatchEvent(new CustomEvent("swapped", { detail: { before, version } }));
  }

  /** A question found no endpoint. */
  lost() {
    if (this.away) return;
    this.away = true;
    this.dispatchEvent(new Event("lost"));
    this.later(AWAY_MS);
  }

  async look() {
    clearTimeout(this.timer);
    if (document.hidden) return;
    try {
      const state = await (await fetch(this.address, { cache: "no-store" })).json();
      if (this.away) {
        this.away = false;
        this.dispatchEvent(new Event("back"));
      }
      if (state.served) this.answeredBy(state.served);
      this.dispatchEvent(new CustomEvent("state", { detail: state }));
      this.later(EVERY_MS);
    } catch {
      if (this.away) this.later(AWAY_MS);
      else this.lost();
    }
  }

  later(milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), milliseconds);
  }
}
