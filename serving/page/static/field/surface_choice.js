// Which surface of a field is drawn now: the whole one, or of a large field a coarse one that is soon there and quickly drawn.

/** For how long nothing must be asked before a large surface is drawn whole. */
const REST_MS = 250;

export class SurfaceChoice {
  /** question: has the surfaces. inSoftware: whether no graphics processor draws. refined: called with the whole surface of a field. */
  constructor(question, inSoftware, refined) {
    this.question = question;
    this.inSoftware = inSoftware;
    this.refined = refined;
    this.wholes = new Set();
    this.timer = 0;
  }

  /**
   * A promise of the surface to draw now. A large one comes coarse at first; where no graphics processor draws, it is
   * coarse while answers follow each other too.
   */
  next(field) {
    clearTimeout(this.timer);
    const coarse = this.question.coarseSurface?.(field) ?? null;
    const whole = coarse === null || (this.wholes.has(coarse) && !this.inSoftware);
    if (whole) return this.question.surface(field);
    this.timer = setTimeout(() => this.refine(field, coarse), REST_MS);
    return coarse;
  }

  async refine(field, coarse) {
    const { timer } = this;
    const whole = await this.question.surface(field).catch(() => null);
    if (whole === null) return;
    this.wholes.add(coarse);
    if (timer === this.timer) this.refined(field, whole);
  }
}
