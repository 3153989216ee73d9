/** One conversation under a safety config. */

/** @import { SafetyConfig, SafetyConfigInput, SendOptions, Transcript } from './index.d.ts' */
/** @import { Connection } from './connection.js' */
/** @import { Calls, Event } from './protocol.js' */
/** @import { Ask } from './generation.js' */

import { CosaError, invalidOption } from './errors.js';
import { Generation } from './generation.js';

export class Chat {
  #connection;
  /** The engine's number of this chat; rejected where the engine did not accept the config. @type {Promise<number>} */
  #number;
  /** @type {SafetyConfig | null} */
  #safetyConfig = null;
  /** @type {Transcript} */
  #transcript;
  /** @type {Generation | undefined} */
  #last;
  #closed = false;

  /**
   * @param {Connection} connection
   * @param {string} modelSha256
   * @param {SafetyConfigInput} safetyConfig
   */
  constructor(connection, modelSha256, safetyConfig) {
    this.#connection = connection;
    this.#transcript = { modelSha256, messages: [] };
    this.#number = this.#open(safetyConfig);
  }

  get ready() {
    return this.#number.then(() => undefined);
  }

  get safetyConfig() {
    return this.#safetyConfig;
  }

  get lastReasoning() {
    return this.#last?.reasoning || undefined;
  }

  get lastStats() {
    return this.#last?.stats;
  }

  transcript() {
    return structuredClone(this.#transcript);
  }

  /**
   * @param {string} text
   * @param {SendOptions} [options]
   */
  send(text, options = {}) {
    this.#last = new Generation(this.#connection, options, this.#sending(text));
    return this.#last;
  }

  /** @param {SafetyConfigInput} safetyConfig */
  async setSafetyConfig(safetyConfig) {
    const chat = await this.#engineChat().catch((error) => {
      if (this.#closed) throw error;
      return undefined; // the first config was refused: the chat begins with this one
    });
    if (chat === undefined) {
      this.#number = this.#open(safetyConfig);
      await this.#number;
    } else {
      this.#safetyConfig = await this.#ask('setSafetyConfig', { chat, safetyConfig: withoutHash(safetyConfig) });
    }
    return this.#safetyConfig;
  }

  async retract() {
    return this.#ask('retract', { chat: await this.#engineChat() });
  }

  async close() {
    if (this.#closed) return;
    this.#closed = true;
    await this.#last?.return();
    const chat = await this.#number.catch(() => undefined);
    if (chat !== undefined) await this.#ask('closeChat', { chat });
  }

  /**
   * @param {string} text
   * @returns {Promise<Ask>}
   */
  async #sending(text) {
    if (typeof text !== 'string') throw invalidOption('text', `must be a string, not ${typeof text}`);
    const chat = await this.#engineChat();
    return (options, onEvent) => this.#connection.request('send', { chat, text, options }, (event) => {
      this.#receive(event);
      onEvent(event);
    });
  }

  #engineChat() {
    if (this.#closed) return Promise.reject(new CosaError('wrong_state', 'this chat is closed; make another with model.chat()'));
    return this.#number;
  }

  /**
   * @param {SafetyConfigInput} safetyConfig
   * @returns {Promise<number>}
   */
  #open(safetyConfig) {
    const number = this.#ask('createChat', { safetyConfig: withoutHash(safetyConfig) }).then((made) => {
      this.#safetyConfig = made.safetyConfig;
      return made.chat;
    });
    number.catch(() => {}); // told by `ready` and by every later call
    return number;
  }

  /**
   * @template {keyof Calls} K
   * @param {K} type
   * @param {Calls[K]['ask']} ask
   */
  #ask(type, ask) {
    return this.#connection.request(type, ask, (event) => this.#receive(event)).answer;
  }

  /** @param {Event} event */
  #receive(event) {
    if (event.type === 'transcript') this.#transcript = event.transcript;
  }
}

/**
 * A config that the engine gave may be given back; its hash is computed anew.
 * @param {SafetyConfigInput} config
 * @returns {SafetyConfigInput}
 */
function withoutHash(config) {
  if (config === null || typeof config !== 'object') return config;
  const { hash, ...input } = config;
  return input;
}
