/** Measures how well a model follows safety configs: CoSA-Score, in the browser. */

/** @import { EvaluationModule, EvaluationState } from './engine.d.ts' */
/** @import { EvaluateOptions, EvaluationReport, ResponseLine, SendOptions } from './index.d.ts' */
/** @import { ChatModel } from './model.js' */

import { CosaError, invalidOption } from './errors.js';
import { checkNames } from './load_options.js';
import { fromWire, toWire } from './protocol.js';

/** The configs of the built-in benchmark. */
const BENCHMARK = ['bank-desk', 'game-studio', 'history-museum', 'newsroom', 'pharmacy-desk', 'wine-bar'];

/** Errors that concern one prompt; the run goes on. */
const OF_THE_PROMPT = ['message_too_long', 'config_too_long', 'template', 'tokenizer'];

/** @type {Promise<EvaluationModule> | undefined} */
let started;

export class Evaluation {
  /** @type {ResponseLine[]} */
  lines = [];
  #state;
  #model;
  /** Judged and not yielded yet. @type {ResponseLine[]} */
  #due = [];
  #running = false;
  /** Handed out, and not answered because the run was stopped. @type {ReturnType<EvaluationState['nextPrompt']>} */
  #open = null;

  /**
   * @param {ChatModel} model
   * @param {EvaluationState} state
   * @param {string} lines
   */
  constructor(model, state, lines) {
    this.#model = model;
    this.#state = state;
    this.total = state.total;
    for (const line of latest(parseLines(lines))) this.lines.push(line);
  }

  /**
   * @param {ChatModel} model
   * @param {EvaluateOptions} options
   */
  static async plan(model, options) {
    checkNames(options, ['task', 'setups', 'limit', 'seed', 'maxTokens', 'lines']);
    const { task = 'builtin', setups = ['none', 'ica'], limit, seed = 0, maxTokens = 256, lines = '' } = options;
    if (!Array.isArray(setups)) throw invalidOption('setups', 'must be a list of names');
    const module = await (started ??= startModule());
    const [taxonomy, labels, files] = await Promise.all([text('everyday_taxonomy.json'), text('labelled_responses.jsonl'), filesOf(task)]);
    const { name, quantization, sha256, contextLength, safetyFrame } = model.info;
    try {
      const state = new module.Evaluation({
        task: typeof task === 'string' ? task : task.name, files, labels, taxonomy, setups, limit, seed, maxTokens, contextLength,
        system: `${name ?? 'model'} (${quantization}, sha256 ${sha256})`, safetyFrame, lines,
      });
      return new Evaluation(model, state, lines);
    } catch (error) {
      const wire = toWire(error);
      throw wire ? fromWire(wire) : error;
    }
  }

  /**
   * Asks and judges what is left, and yields each response with its verdict. Leaving the loop, or aborting, stops the
   * run; another call goes on.
   * @param {Pick<SendOptions, 'signal'>} [options]
   * @returns {AsyncGenerator<ResponseLine, void>}
   */
  async * run({ signal } = {}) {
    if (this.#running) throw new CosaError('wrong_state', 'this evaluation runs already; stop it first');
    this.#running = true;
    try {
      yield* this.#judge();
      for (;;) {
        signal?.throwIfAborted();
        this.#open ??= this.#state.nextPrompt();
        if (!this.#open) return;
        await this.#answer(this.#open, signal);
        this.#open = null;
        yield* this.#judge();
      }
    } finally {
      this.#running = false;
    }
  }

  /** @returns {EvaluationReport} */
  report() {
    return JSON.parse(this.#state.report());
  }

  html() {
    return this.#state.html();
  }

  /**
   * @param {NonNullable<ReturnType<EvaluationState['nextPrompt']>>} prompt
   * @param {AbortSignal} [signal]
   */
  async #answer({ key, messages, maxTokens, temperature, seed }, signal) {
    try {
      const generation = this.#model.respond(messages, { maxTokens, temperature, seed, signal });
      let answer = '';
      for await (const piece of generation) answer += piece;
      this.#state.reply(key, answer, generation.reasoning || undefined);
    } catch (error) {
      if (!(error instanceof CosaError) || !OF_THE_PROMPT.includes(error.code)) throw error;
      this.#state.reply(key, undefined, undefined, error.message);
    }
  }

  * #judge() {
    this.#due.push(...parseLines(this.#state.judge().join('\n')));
    for (let line; (line = this.#due.shift());) {
      this.lines.push(line);
      yield line;
    }
  }
}

/**
 * The last line of each response; failures are left out, because they are tried again.
 * @param {ResponseLine[]} lines
 */
function latest(lines) {
  const known = new Map();
  for (const line of lines) {
    if (!line.failure) known.set(JSON.stringify([line.setup, line.config_id, line.prompt_id]), line);
  }
  return known.values();
}

/**
 * @param {string} jsonl
 * @returns {ResponseLine[]}
 */
function parseLines(jsonl) {
  return jsonl.split('\n').flatMap((line) => {
    try {
      return line ? [JSON.parse(line)] : [];
    } catch {
      return []; // cut off when the page closed
    }
  });
}

async function startModule() {
  try {
    // Made by the build, absent before it; engine.d.ts says what it is.
    const folder = './wasm/evaluation';
    const module = /** @type {any} */ (await import(`${folder}/cosa.js`));
    await module.default({ module_or_path: new URL(`${folder}/cosa_bg.wasm`, import.meta.url) });
    return module;
  } catch (cause) {
    started = undefined;
    throw new CosaError('engine_unavailable', `the evaluation's WebAssembly could not be started: ${cause}`);
  }
}

/** @param {NonNullable<EvaluateOptions['task']>} task */
async function filesOf(task) {
  if (typeof task === 'string') {
    if (task !== 'builtin') throw invalidOption('task', "must be 'builtin' or { name, text }");
    return Promise.all(BENCHMARK.map(async (name) => ({ name: `${name}.json`, text: await text(`${name}.json`) })));
  }
  return [{ name: String(task.name), text: String(task.text) }];
}

/** @param {string} name a file of the benchmark */
async function text(name) {
  const url = new URL(`./benchmark/${name}`, import.meta.url);
  const response = await fetch(url);
  if (!response.ok) throw new CosaError('http', `${url}: the server answered ${response.status}`);
  return response.text();
}
