/**
 * The workers that lend an engine their threads. The page owns them as it owns the engine's worker: where a
 * worker owns others and all are ended together, Chromium keeps some of them for ever.
 */

/** @import { Helped, HelperParts } from './protocol.js' */

/** How long a helper may take to start, in milliseconds, before the engine goes on without it. */
const PATIENCE = 10_000;

export class Helpers {
  /** @type {Worker[]} */
  #workers = [];
  #onLost;

  /** @param {(failure: string) => void} onLost hears of a helper that fails after it has started: its engine waits for it */
  constructor(onLost) {
    this.#onLost = onLost;
  }

  /**
   * Starts as many as there are to be had.
   * @param {number} count
   * @param {HelperParts} parts
   * @returns {Promise<Helped>}
   */
  async start(count, parts) {
    const failures = await Promise.all(Array.from({ length: count }, () => this.#startOne(parts)));
    const failed = failures.filter((failure) => failure !== undefined);
    return { started: count - failed.length, failure: failed[0] };
  }

  /** Ends them, at once where the engine has let them go. Their listeners hold the engine's memory, so they go too. */
  end() {
    for (const worker of this.#workers) {
      worker.onmessage = worker.onerror = null;
      worker.terminate();
    }
    this.#workers = [];
  }

  /**
   * @param {HelperParts} parts
   * @returns {Promise<string | undefined>} why it did not start
   */
  #startOne(parts) {
    return new Promise((resolve) => {
      try {
        const worker = new Worker(new URL('./helper.js', import.meta.url), { type: 'module', name: 'cosa helper' });
        this.#workers.push(worker);
        let started = false;
        /** @param {string} [failure] */
        const settle = (failure) => {
          clearTimeout(timer);
          if (failure === undefined) {
            started = true;
            worker.postMessage('go');
          } else {
            worker.terminate();
            if (started) this.#onLost(failure);
          }
          resolve(failure);
        };
        const timer = setTimeout(() => settle('it took too long'), PATIENCE);
        worker.onmessage = ({ data }) => settle(data.failure);
        worker.onerror = (event) => {
          event.preventDefault(); // told in `info.threadsReason`, or by what the engine was asked for
          settle(event.message || 'its script did not load');
        };
        worker.postMessage(parts);
      } catch (cause) {
        resolve(String(cause));
      }
    });
  }
}
