/** One conversation under a safety config. */

/** @import { SafetyConfig, SafetyConfigInput, SendOptions, Transcript } from './index.d.ts' */
/** @import { Connection } from './connection.js' */
/** @import { Calls, Event } from './protocol.js' */

import { CosaError, invalidOption } from './errors.js';
import { Generation } from './generation.js';

export class Chat {
  #connection;
  /**
   * The engine's number of this chat; rejected where the engine did not accept the config. Every call awaits this very
   * promise and then posts at once: so calls reach the engine in the order in which they were made.
   * @type {Promise<number>}
   */
  #number;
  /** @type {SafetyConfig | null} */
  #safetyConfig = null;
  /** @type {Transcript} */
  #transcript;
  /** The latest that the engine has taken, or is asked to while no other runs. @type {Generation | undefined} */
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
    /** @type {Generation} */
    const generation = new Generation(this.#connection, options, (sampling, onEvent, chat) => {
      if (typeof text !== 'string') throw invalidOption('text', `must be a string, not ${typeof text}`);
      return this.#connection.request('send', { chat, text, options: sampling }, (event) => {
        this.#receive(event);
        if (event.type !== 'transcript') this.#last = generation; // the engine is at it
        onEvent(event);
      });
    }, this.#engineChat());
    if (!this.#last?.running) this.#last = generation;
    return generation;
  }

  /** @param {SafetyConfigInput} safetyConfig */
  async setSafetyConfig(safetyConfig) {
    let chat;
    try {
      chat = await this.#engineChat();
    } catch (error) {
      if (this.#closed) throw error;
      this.#number = this.#open(safetyConfig); // the first config was refused: the chat begins with this one
      await this.#number;
      return this.#safetyConfig;
    }
    this.#safetyConfig = await this.#ask('setSafetyConfig', { chat, safetyConfig: withoutHash(safetyConfig) });
    return this.#safetyConfig;
  }

  async reading() {
    return this.#ask('reading', { chat: await this.#engineChat() });
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
