/** The pieces of one answer on their way to a `for await`. */

/** @import { FinishReason, SamplingOptions, SendOptions, Stats } from './index.d.ts' */
/** @import { Connection } from './connection.js' */
/** @import { Ending, Event } from './protocol.js' */

import { invalidOption } from './errors.js';

/**
 * Puts the request to the worker and returns its id with the promise of its end. `chat` is absent outside of one.
 * @typedef {(options: SamplingOptions, onEvent: (event: Event) => void, chat: number) => { id: number, answer: Promise<Ending> }} Ask
 */

/**
 * An answer as it comes: an async iterator of text pieces. Runs from the moment it is made; pieces wait
 * for a slow reader. Leaving the loop early (`break`, `return`, `throw`) stops the engine.
 * @implements {AsyncIterableIterator<string, undefined>}
 */
export class Generation {
  /** @type {FinishReason | undefined} */
  finishReason;
  /** @type {Stats | undefined} */
  stats;
  reasoning = '';
  /** Until it has ended, well or not. */
  running = true;

  /** @type {string[]} */
  #pieces = [];
  #stopped = false;
  /** @type {{ reason: unknown } | undefined} */
  #failure;
  /** Wakes readers: something arrived or all ended. */
  #wake = () => {};
  /** @type {Promise<void>} */
  #changed = Promise.resolve();
  /** @type {number | undefined} */
  #id;
  #connection;
  #ended;

  /**
   * @param {Connection} connection
   * @param {SendOptions} options
   * @param {Ask} ask
   * @param {Promise<number>} [chat] the engine's number of the chat that it belongs to, if any
   */
  constructor(connection, options, ask, chat) {
    this.#connection = connection;
    chat?.catch(() => {}); // told where it is awaited: not at all under a signal that is aborted already
    this.#renew();
    this.#ended = this.#run(options, ask, chat);
  }

  /** @returns {Promise<IteratorResult<string, undefined>>} */
  async next() {
    while (this.#pieces.length === 0 && this.running) await this.#changed;
    const piece = this.#pieces.shift();
    if (piece !== undefined) return { done: false, value: piece };
    const failure = this.#failure;
    this.#failure = undefined; // told once; then the iteration is over
    if (failure) throw failure.reason;
    return { done: true, value: undefined };
  }

  /**
   * Stops the generation; resolves when the engine is free for the next one.
   * @returns {Promise<IteratorResult<string, undefined>>}
   */
  async return() {
    this.#stop();
    await this.#ended;
    this.#pieces = [];
    this.#failure = undefined;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  /**
   * @param {SendOptions} options
   * @param {Ask} ask
   * @param {Promise<number>} [chat]
   */
  async #run(options, ask, chat) {
    try {
      if (options === null || typeof options !== 'object') throw invalidOption('options', 'must be an object');
      await this.#generate(options, ask, chat);
    } catch (reason) {
      this.#failure = { reason };
    } finally {
      this.running = false;
      this.#wake();
    }
  }

  /**
   * @param {SendOptions} options
   * @param {Ask} ask
   * @param {Promise<number>} [chat]
   */
  async #generate({ signal, onReasoning, onProgress, ...sampling }, ask, chat) {
    const stop = () => this.#stop();
    signal?.throwIfAborted();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const number = /** @type {number} */ (await chat);
      signal?.throwIfAborted();
      if (this.#stopped) return;
      const { id, answer } = ask(withSeed(sampling), (event) => this.#receive(event, { onReasoning, onProgress }), number);
      this.#id = id;
      Object.assign(this, await answer);
      signal?.throwIfAborted();
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  #stop() {
    this.#stopped = true;
    if (this.#id !== undefined) this.#connection.abort(this.#id);
  }

  /**
   * @param {Event} event
   * @param {Pick<SendOptions, 'onReasoning' | 'onProgress'>} callbacks
   */
  #receive(event, { onReasoning, onProgress }) {
    if (event.type === 'prefill') onProgress?.(event.progress);
    if (event.type !== 'text' || event.text === '') return;
    if (event.channel === 'reasoning') {
      this.reasoning += event.text;
      onReasoning?.(event.text);
    } else {
      this.#pieces.push(event.text);
      this.#wake();
      this.#renew();
    }
  }

  #renew() {
    this.#changed = new Promise((resolve) => { this.#wake = resolve; });
  }
}

/**
 * Chance needs a seed that can be told afterwards, so that the answer can be made again.
 * @param {SamplingOptions} options
 * @returns {SamplingOptions}
 */
function withSeed(options) {
  if (options.seed !== undefined || !((options.temperature ?? 0) > 0)) return options;
  return { ...options, seed: crypto.getRandomValues(new Uint32Array(1))[0] };
}
