/** A loaded model: the door of the package. */

/** @import { EvaluateOptions, LoadOptions, Message, ModelInfo, ModelSource, SafetyConfigInput, SendOptions } from './index.d.ts' */
/** @import { Calls } from './protocol.js' */
/** @import { Ask } from './generation.js' */

import { Chat } from './chat.js';
import { Connection } from './connection.js';
import { CosaError, invalidOption } from './errors.js';
import { Evaluation } from './evaluation.js';
import { Generation } from './generation.js';
import { checkLoadOptions } from './load_options.js';
import { listParts } from './source.js';

export class ChatModel {
  #connection;
  info;

  /**
   * @param {Connection} connection
   * @param {ModelInfo} info
   */
  constructor(connection, info) {
    this.#connection = connection;
    this.info = info;
  }

  /**
   * @param {ModelSource} [source]
   * @param {LoadOptions} [options]
   */
  static async load(source, options = {}) {
    const { signal, onProgress, threads, engine } = checkLoadOptions(options);
    const parts = listParts(source);
    signal?.throwIfAborted();
    const connection = new Connection();
    const abort = () => connection.close(signal?.reason); // ends the worker, and its download with it
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const info = await connection.request('load', { parts, threads, options: engine }, (event) => {
        if (event.type === 'load') onProgress?.(event.progress);
      }).answer;
      return new ChatModel(connection, info);
    } catch (error) {
      connection.close(error);
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** @param {{ safetyConfig?: SafetyConfigInput }} [options] */
  chat({ safetyConfig = null } = {}) {
    return new Chat(this.#connection, this.info.sha256, safetyConfig);
  }

  /**
   * @param {string} text
   * @param {SendOptions} [options]
   */
  complete(text, options = {}) {
    return new Generation(this.#connection, options, this.#completing(text));
  }

  /**
   * @param {Message[]} messages
   * @param {SendOptions} [options]
   */
  respond(messages, options = {}) {
    return new Generation(this.#connection, options, this.#responding(messages));
  }

  /** @param {EvaluateOptions} [options] */
  evaluate(options = {}) {
    return Evaluation.plan(this, options);
  }

  /** @param {string} text */
  async tokenize(text) {
    return this.#ask('tokenize', { text: String(text) });
  }

  /** @param {Iterable<number>} ids */
  async detokenize(ids) {
    return this.#ask('detokenize', { ids: Uint32Array.from(ids) });
  }

  async memoryBytes() {
    return this.#ask('memoryBytes', {});
  }

  free() {
    this.#connection.close(new CosaError('freed', 'the model was freed; load it again'));
  }

  /**
   * @param {string} text
   * @returns {Promise<Ask>}
   */
  async #completing(text) {
    if (typeof text !== 'string') throw invalidOption('text', `must be a string, not ${typeof text}`);
    return (options, onEvent) => this.#connection.request('complete', { text, options }, onEvent);
  }

  /**
   * @param {Message[]} messages
   * @returns {Promise<Ask>}
   */
  async #responding(messages) {
    if (!Array.isArray(messages)) throw invalidOption('messages', 'must be a list of { role, content }');
    return (options, onEvent) => this.#connection.request('respond', { messages, options }, onEvent);
  }

  /**
   * @template {keyof Calls} K
   * @param {K} type
   * @param {Calls[K]['ask']} ask
   */
  #ask(type, ask) {
    return this.#connection.request(type, ask).answer;
  }
}
