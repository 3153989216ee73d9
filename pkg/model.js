/** A loaded model: the door of the package. */

/** @import { EvaluateOptions, LoadOptions, Message, ModelInfo, ModelSource, SafetyConfigInput, SendOptions } from './index.d.ts' */
/** @import { Calls } from './protocol.js' */

import { Chat } from './chat.js';
import { Connection } from './connection.js';
import { CosaError, invalidOption } from './errors.js';
import { Evaluation } from './evaluation.js';
import { Generation } from './generation.js';
import { checkLoadOptions, checkNames } from './load_options.js';
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
  chat(options = {}) {
    checkNames(options, ['safetyConfig']);
    const safetyConfig = 'safetyConfig' in options ? options.safetyConfig : null;
    // The engine refuses undefined: it stands for a config that was lost on its way here.
    return new Chat(this.#connection, this.info.sha256, /** @type {SafetyConfigInput} */ (safetyConfig));
  }

  /**
   * @param {string} text
   * @param {SendOptions} [options]
   */
  complete(text, options = {}) {
    return new Generation(this.#connection, options, (sampling, onEvent) => {
      if (typeof text !== 'string') throw invalidOption('text', `must be a string, not ${typeof text}`);
      return this.#connection.request('complete', { text, options: sampling }, onEvent);
    });
  }

  /**
   * @param {Message[]} messages
   * @param {SendOptions} [options]
   */
  respond(messages, options = {}) {
    return new Generation(this.#connection, options, (sampling, onEvent) => {
      if (!Array.isArray(messages)) throw invalidOption('messages', 'must be a list of { role, content }');
      return this.#connection.request('respond', { messages, options: sampling }, onEvent);
    });
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
   * @template {keyof Calls} K
   * @param {K} type
   * @param {Calls[K]['ask']} ask
   */
  #ask(type, ask) {
    return this.#connection.request(type, ask).answer;
  }
}
