/** One planned evaluation: what is done, what is left, and how long that will take. */

export class Run {
  /** When this page began to measure, and how much was there already. @type {{ at: number, done: number } | null} */
  #begun = null;

  /**
   * @param {{ plan: object, key: string, evaluation: object, model: object }} parts
   */
  constructor({ plan, key, evaluation, model }) {
    Object.assign(this, { plan, key, evaluation, model });
    this.total = evaluation.lines.length + evaluation.total;
  }

  /** All responses so far. */
  get lines() { return this.evaluation.lines; }

  get done() { return this.lines.length; }

  get complete() { return this.done >= this.total; }

  begin() { this.#begun = { at: performance.now(), done: this.done }; }

  /** "37 of 120, about 2 min left" */
  progress() {
    const count = `${this.done} of ${this.total}`;
    const fresh = this.#begun ? this.done - this.#begun.done : 0;
    const elapsed = this.#begun ? performance.now() - this.#begun.at : 0;
    if (fresh < 3 || elapsed < 500 || this.complete) return count;
    return `${count}, ${left((elapsed / fresh) * (this.total - this.done))}`;
  }
}

/** Milliseconds as a person says them. */
export function left(ms) {
  const seconds = ms / 1000;
  if (seconds < 8) return 'a few seconds left';
  if (seconds < 90) return `about ${Math.ceil(seconds / 10) * 10} s left`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min left`;
  return `about ${(seconds / 3600).toFixed(1)} h left`;
}
