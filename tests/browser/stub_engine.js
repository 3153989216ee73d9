/**
 * Stands in for `pkg/wasm/<build>/cosa.js`, so that worker and client are tested on an engine that does as it is told.
 *
 * A message is a script in JSON: `{ prefill, decode, stepMs, crashAt, failAt, fullAt }`, steps counted from 1.
 */
export default async function init() {}

const MAXIMUM = 2048;
/** Full from `fullAt` on; before, there is room for what the worker asks of it after a trap. */
const memory = new WebAssembly.Memory({ initial: 1, maximum: MAXIMUM, shared: true });

export function threadParts() {
  return [undefined, memory];
}

export function runHelper() {}

export function stopHelpers() {}

function coded(code, message) {
  return Object.assign(new Error(message), { code });
}

const STATS = { promptTokens: 1, cachedTokens: 0, prefillMs: 0, decodedTokens: 0, decodeMs: 0, timeToFirstTokenMs: 0,
  droppedTurns: 0, tokensInContext: 1, contextLength: 64 };

export class Loader {
  #options;
  #files = [];

  constructor(options) {
    this.#options = options;
  }

  beginFile(total) {
    this.#files.push({ total, start: '' });
  }

  push(chunk) {
    const file = this.#files.at(-1);
    file.start ||= new TextDecoder().decode(chunk.subarray(0, 8));
    if (file.start.startsWith('trap')) throw new WebAssembly.RuntimeError('unreachable');
    if (file.start.startsWith('<')) throw coded('not_gguf', 'not a GGUF file');
  }

  endFile() {
    return { filesDone: this.#files.length, filesTotal: this.#files.length };
  }

  free() {}

  finish() {
    return new Engine(this.#options, this.#files);
  }
}

class Engine {
  #chats = new Map();
  #run;

  constructor(options, files) {
    this.options = options;
    this.files = files;
  }

  info() {
    return { architecture: 'stub', sha256: '00', backend: 'cpu', threads: 1, options: this.options, files: this.files };
  }

  createChat(config) {
    accept(config);
    this.#chats.set(this.#chats.size, { config, messages: [] });
    return this.#chats.size - 1;
  }

  setSafetyConfig(chat, config) {
    accept(config);
    this.#chats.get(chat).config = config;
    return config && { text: config, hash: `hash of ${config}` };
  }

  send(chat, text, options) {
    this.#start({ ...JSON.parse(text), chat: this.#chats.get(chat), text, options });
  }

  complete(text, options) {
    this.#start({ ...JSON.parse(text), text, options });
  }

  #start(run) {
    if (this.#run) throw coded('wrong_state', 'busy');
    this.#run = { prefill: 0, decode: 0, stepMs: 0, step: 0, said: '', ...run };
  }

  step() {
    const run = this.#run;
    if (run.aborted) return this.#end('abort');
    run.step += 1;
    for (const until = performance.now() + run.stepMs; performance.now() < until;);
    if (run.step === run.fullAt) memory.grow(MAXIMUM - 1);
    if (run.step === run.crashAt) throw new WebAssembly.RuntimeError('unreachable');
    if (run.step === run.failAt) {
      this.#run = undefined;
      throw coded('non_finite', 'NaN');
    }
    if (run.step <= run.prefill) return { type: 'prefill', done: run.step, total: run.prefill, cached: 0 };
    const n = run.step - run.prefill;
    if (n > run.decode) return this.#end('stop');
    if (n === 1) return { type: 'text', channel: 'reasoning', text: 'hm' };
    run.said += `${n} `;
    return { type: 'text', channel: 'answer', text: `${n} ` };
  }

  #end(finishReason) {
    const { chat, text, said, options } = this.#run;
    this.#run = undefined;
    chat?.messages.push({ role: 'user', content: text }, { role: 'assistant', content: said, sampling: options, finishReason, stats: STATS });
    return { type: 'done', finishReason, stats: STATS };
  }

  abort() {
    if (this.#run) this.#run.aborted = true;
  }

  retract(chat) {
    return this.#chats.get(chat).messages.splice(-2)[0]?.content ?? null;
  }

  transcript(chat) {
    return { modelSha256: '00', messages: this.#chats.get(chat).messages };
  }

  closeChat(chat) {
    this.#chats.delete(chat);
  }

  tokenize(text) {
    return Uint32Array.from(text, (c) => c.codePointAt(0));
  }

  detokenize(ids) {
    return String.fromCodePoint(...ids);
  }

  memoryBytes() {
    return 65536;
  }
}

function accept(config) {
  if (config === 'too long') throw coded('config_too_long', 'too long');
}
