/**
 * One model and one conversation with it: everything the page asks of the package, and nothing of the page.
 */
import { ChatModel } from 'cosa-web';
import { forEngine } from './configs.js';

export class Session {
  model = null;
  chat = null;
  /** Numbers of the last answer, or null. */
  stats = null;
  /** The config that the next answer is given under. */
  config;
  /** The running answer's controller, or null. */
  #running = null;
  /** The running evaluation's controller, or null. */
  #measuring = null;
  #measured = Promise.resolve();
  /** Settles when no chat is being opened and no config switched. */
  #settled = Promise.resolve();

  constructor(config) { this.config = config; }

  get answering() { return this.#running !== null; }

  get evaluating() { return this.#measuring !== null; }

  /** Whether the model is at work, so that nothing else can be asked of it. */
  get busy() { return this.answering || this.evaluating; }

  /** Opens another model; the old one stays in use until the new one stands. */
  async load(source, options) {
    const model = await ChatModel.load(source, options);
    await this.#inTurn(async () => {
      const chat = model.chat({ safetyConfig: forEngine(this.config) });
      try {
        await chat.ready;
        options.signal?.throwIfAborted();
      } catch (error) {
        model.free();
        throw error;
      }
      this.model?.free();
      Object.assign(this, { model, chat, stats: null });
    });
  }

  newChat() {
    return this.#inTurn(async () => {
      const chat = this.model.chat({ safetyConfig: forEngine(this.config) });
      await chat.ready;
      await this.chat.close();
      Object.assign(this, { chat, stats: null });
    });
  }

  /** Switches the config, and resolves to the one before; where the engine refuses it, that stays in force. */
  switchConfig(config) {
    return this.#inTurn(async () => {
      await this.chat?.setSafetyConfig(forEngine(config));
      const before = this.config;
      this.config = config;
      return before;
    });
  }

  /** How the model reads the config in force. */
  reading() { return this.#inTurn(() => this.chat.reading()); }

  /** One after another: a chat that is opened while the config is switched would begin under the old one. */
  #inTurn(change) {
    const changed = this.#settled.then(change);
    this.#settled = changed.catch(() => {}); // told to whoever asked for it
    return changed;
  }

  /**
   * Streams an answer; `on` has `begin`, which is told the config that it is given under, `piece`, `reasoning` and
   * `progress`. Resolves to the answer's record in the transcript, or to null where it was stopped before the engine
   * took the question.
   */
  async ask(text, options, on) {
    if (this.busy) throw Object.assign(new Error('another answer is being written'), { code: 'wrong_state' });
    this.#running = new AbortController();
    await this.#settled;
    on.begin(this.config);
    const before = this.chat.transcript().messages.length;
    try {
      const answer = this.chat.send(text, { ...options, signal: this.#running.signal, onReasoning: on.reasoning, onProgress: on.progress });
      for await (const piece of answer) on.piece(piece);
    } catch (error) {
      if (error?.name !== 'AbortError') throw error;
    } finally {
      this.#running = null;
    }
    const { messages } = this.chat.transcript();
    if (messages.length === before) return null;
    this.stats = messages.at(-1).stats;
    return messages.at(-1);
  }

  stop() { this.#running?.abort(); }

  /** Carries an evaluation out, line by line; resolves to whether it came to its end. */
  measure(evaluation, onLine) {
    if (this.busy) return Promise.reject(Object.assign(new Error('the model is at work'), { code: 'wrong_state' }));
    this.#measuring = new AbortController();
    const run = this.#measure(evaluation, onLine, this.#measuring.signal);
    this.#measured = run.catch(() => {});
    return run;
  }

  async #measure(evaluation, onLine, signal) {
    try {
      for await (const line of evaluation.run({ signal })) onLine(line);
      return true;
    } catch (error) {
      if (error?.name !== 'AbortError') throw error;
      return false;
    } finally {
      this.#measuring = null;
    }
  }

  /** Stops the evaluation; resolves when the model is free. */
  stopMeasuring() {
    this.#measuring?.abort();
    return this.#measured;
  }

  /** Takes back the last question and its answer. */
  retract() { return this.chat.retract(); }

  /** Bytes of engine memory; undefined while there is no engine to ask. */
  async memory() {
    try { return await this.model.memoryBytes(); } catch { return undefined; }
  }
}
