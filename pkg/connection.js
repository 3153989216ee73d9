/** The page's end of the wire: one worker and its helpers, its unanswered requests, and the reason when it is gone. */

/** @import { Calls, Event, FromWorker, ToWorker } from './protocol.js' */

import { CosaError, invalidOption } from './errors.js';
import { Helpers } from './helpers.js';
import { fromWire } from './protocol.js';

/** @typedef {{ resolve: (value: any) => void, reject: (reason: unknown) => void, onEvent?: (event: Event) => void }} Pending */

/** How long the engine may take to let its helpers go, in milliseconds. */
const GRACE = 1000;

export class Connection {
  /** @type {Map<number, Pending>} */
  #pending = new Map();
  #lastId = 0;
  #heard = false;
  /** @type {{ reason: unknown } | undefined} */
  #closed;
  #worker = startWorker();
  #helpers = new Helpers((failure) => this.close(crashed(`a thread ended: ${failure}`)));

  constructor() {
    this.#worker.onmessage = ({ data }) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault(); // told through the rejected promises
      this.close(this.#heard ? crashed(event.message) : unavailable(event.message));
    };
  }

  /**
   * Asks the worker for something.
   * @template {keyof Calls} K
   * @param {K} type
   * @param {Calls[K]['ask']} ask
   * @param {(event: Event) => void} [onEvent] called for each event, in order, before the promise settles
   * @returns {{ id: number, answer: Promise<Calls[K]['value']> }}
   */
  request(type, ask, onEvent) {
    const id = ++this.#lastId;
    const answer = new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#closed.reason);
      this.#post(/** @type {ToWorker} */ (/** @type {unknown} */ ({ ...ask, type, id })));
      this.#pending.set(id, { resolve, reject, onEvent });
    });
    return { id, answer };
  }

  /** @param {number} id the generation to end; does nothing where it has ended already */
  abort(id) {
    if (!this.#closed && this.#pending.has(id)) this.#post({ type: 'abort', id });
  }

  /**
   * Ends the workers and with them all memory of the engine. What is pending, and all that is asked
   * later, rejects with `reason`. Only the first call counts.
   * @param {unknown} reason
   */
  close(reason) {
    if (this.#closed) return;
    this.#closed = { reason };
    this.#worker.postMessage({ type: 'close' });
    setTimeout(() => this.#end(), GRACE); // where it does not hear, in a long step or after a crash
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
  }

  #end() {
    this.#worker.terminate();
    this.#helpers.end();
  }

  /** @param {Extract<FromWorker, { type: 'help' }>} wanted */
  async #help({ count, parts }) {
    if (this.#closed) return;
    const helped = await this.#helpers.start(count, parts);
    this.#worker.postMessage({ type: 'helped', helped });
  }

  /** @param {ToWorker} message */
  #post(message) {
    try {
      this.#worker.postMessage(message);
    } catch (cause) { // DataCloneError: a function or the like among the values
      throw invalidOption('value', `cannot be passed to the worker: ${cause}`);
    }
  }

  /** @param {FromWorker} message */
  #receive(message) {
    this.#heard = true;
    if (message.type === 'closed') return this.#end();
    if (message.type === 'help') return void this.#help(message);
    if (message.type === 'crashed') return this.close(message.outOfMemory ? outOfMemory(message.detail) : crashed(message.detail));
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    if (message.type === 'event') return tell(pending, message.event);
    this.#pending.delete(message.id);
    if (message.type === 'result') pending.resolve(message.value);
    else pending.reject(fromWire(message.error));
  }
}

function startWorker() {
  try {
    return new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'cosa' });
  } catch (cause) { // SecurityError: the package lies on another origin than the page
    throw unavailable(String(cause));
  }
}

/**
 * A callback of the caller's that throws must not lose messages: its error is reported as an event listener's is.
 * @param {Pending} pending
 * @param {Event} event
 */
function tell(pending, event) {
  try {
    pending.onEvent?.(event);
  } catch (error) {
    reportError(error);
  }
}

/** @param {string} detail */
function crashed(detail) {
  return new CosaError('engine_crashed', `the engine crashed (${detail}); load the model again`);
}

/** @param {string} detail */
function outOfMemory(detail) {
  return new CosaError('out_of_memory', `the engine has used up all memory that this browser gives to it (${detail}); load the model again with a lower context length, or a smaller model`);
}

/** @param {string | undefined} detail */
function unavailable(detail) {
  return new CosaError('engine_unavailable', `the engine's worker could not be started: ${detail || `its script ${new URL('./worker.js', import.meta.url)} did not load; look whether it is served, as JavaScript, and on an isolated page with the header Cross-Origin-Embedder-Policy`}`);
}
