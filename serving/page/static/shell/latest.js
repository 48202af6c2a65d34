// The latest request wins: while one is under way only the newest of all later ones waits, and the others are dropped.

const PATIENCE_MS = 400;

export class Latest {
  /** ask: from what is asked and an AbortSignal to a promise; answered, failed: called with what came of it. */
  constructor(ask, answered, failed) {
    this.ask = ask;
    this.answered = answered;
    this.failed = failed;
    this.running = null;
    this.waiting = null;
  }

  /** Whether an answer is still to come. */
  get busy() {
    return this.running !== null;
  }

  /**
   * Asks this as soon as possible. A request under way is let to its end while it is quick, so that the picture follows
   * a slider that is moved without a stop; one that takes long is cancelled.
   */
  want(question) {
    if (this.running === null) {
      this.start(question);
      return;
    }
    this.waiting = { question };
    if (performance.now() - this.running.since > PATIENCE_MS) this.running.controller.abort();
  }

  /** Drops all that is under way, such as for another model. */
  cancel() {
    this.waiting = null;
    this.running?.controller.abort();
  }

  async start(question) {
    const running = { controller: new AbortController(), since: performance.now() };
    this.running = running;
    try {
      const answer = await this.ask(question, running.controller.signal);
      this.running = null;
      if (!running.controller.signal.aborted) this.answered(answer, question, running.since);
    } catch (error) {
      this.running = null;
      if (error.name !== "AbortError") this.failed(error, question);
    }
    const next = this.waiting;
    this.waiting = null;
    if (next !== null && this.running === null) this.start(next.question);
  }
}
