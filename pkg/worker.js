/** The worker's end of the wire: owns the wasm engine and serves the requests of `protocol.js`. */

/** @import { Engine, EngineModule, Loader } from './engine.d.ts' */
/** @import { LoadProgress } from './index.d.ts' */
/** @import { Calls, Ending, Event, FromWorker, Helped, ModelPart, Request, RequestOf, ToWorker } from './protocol.js' */

import { CosaError } from './errors.js';
import { toWire } from './protocol.js';
import { openPart, readPart } from './source.js';
import { chooseBuild, planThreads } from './threads.js';

/** Progress is told this often, in milliseconds: a local file comes in thousands of chunks. */
const PROGRESS_INTERVAL = 50;

/** Pages of wasm memory, 64 MB in all: a trap where these are not to be had is taken for memory that has ended. */
const SPARE_PAGES = 1024;

/** @type {EngineModule | undefined} */
let module;
/** The engine's, known before a trap: after one, nothing of the engine is called. @type {unknown} */
let memory;
/** While a model loads. @type {Loader | undefined} */
let loader;
/** @type {Engine | undefined} */
let engine;
/** While helpers start. @type {((helped: Helped) => void) | undefined} */
let tellHelped;
/** The request whose generation runs, if one does. @type {number | undefined} */
let running;

self.onmessage = (/** @type {MessageEvent<ToWorker>} */ { data }) => {
  if (data.type === 'close') {
    orCrash(() => loader?.free()); // a helper may be waiting for more to hash
    module?.stopHelpers(); // a browser tries for seconds before it kills one that waits
    post({ type: 'closed' });
  } else if (data.type === 'helped') {
    tellHelped?.(data.helped);
  } else if (data.type === 'abort') {
    if (data.id === running) orCrash(() => engine?.abort());
  } else {
    answer(data);
  }
};

/** @param {Request} request */
async function answer(request) {
  try {
    const value = await serve(request);
    tellTranscript(request);
    post({ type: 'result', id: request.id, value });
  } catch (error) {
    const wire = toWire(error);
    if (!wire) return crash(error);
    orCrash(() => tellTranscript(request)); // what was kept of a failed answer
    post({ type: 'error', id: request.id, error: wire });
  }
}

/**
 * @param {Request} request
 * @returns {Calls[keyof Calls]['value'] | Promise<Calls[keyof Calls]['value']>}
 */
function serve(request) {
  if (request.type === 'load') return load(request);
  const loaded = need(engine);
  switch (request.type) {
    case 'createChat': return createChat(loaded, request);
    case 'setSafetyConfig': return loaded.setSafetyConfig(request.chat, request.safetyConfig);
    case 'reading': return loaded.reading(request.chat);
    case 'send': return generate(loaded, request.id, () => loaded.send(request.chat, request.text, request.options));
    case 'complete': return generate(loaded, request.id, () => loaded.complete(request.text, request.options));
    case 'respond': return generate(loaded, request.id, () => loaded.respond(request.messages, request.options));
    case 'retract': return loaded.retract(request.chat);
    case 'closeChat': return loaded.closeChat(request.chat);
    case 'tokenize': return loaded.tokenize(request.text);
    case 'detokenize': return loaded.detokenize(request.ids);
    case 'memoryBytes': return loaded.memoryBytes();
  }
}

/**
 * A failed load needs no tidying here: the page ends this worker, and with it the download and all memory.
 * @param {RequestOf<'load'>} request
 */
async function load({ id, parts, threads, options }) {
  const files = parts.length;
  tellEvent(id, { type: 'load', progress: { phase: 'engine', loaded: 0, total: 0, file: 1, files } });
  const build = chooseBuild();
  module = await startEngine(build);
  const threadParts = module.threadParts();
  memory = threadParts[1];
  const helped = await startHelpers(threadParts, build, planThreads(threads));
  const loading = loader = new module.Loader(options);
  for (const [index, part] of parts.entries()) {
    await loadPart(loading, part, (phase, loaded, total = 0) => {
      tellEvent(id, { type: 'load', progress: { phase, loaded, total, file: index + 1, files } });
    });
  }
  tellEvent(id, { type: 'load', progress: { phase: 'prepare', loaded: 0, total: 0, file: files, files } });
  loader = undefined; // consumed
  engine = loading.finish();
  return { ...engine.info(), threads: helped.threads, threadsReason: helped.reason };
}

/**
 * @param {Loader} loader
 * @param {ModelPart} part
 * @param {(phase: LoadProgress['phase'], loaded: number, total?: number) => void} tell
 */
async function loadPart(loader, part, tell) {
  const file = await openPart(part);
  tell(file.phase, 0, file.total);
  loader.beginFile(file.size);
  let told = performance.now();
  const bytes = await readPart(file, (chunk, loaded) => {
    loader.push(chunk);
    if (loaded === file.total || performance.now() - told < PROGRESS_INTERVAL) return; // the end is told below
    told = performance.now();
    tell(file.phase, loaded, loaded > (file.total ?? 0) ? undefined : file.total);
  });
  loader.endFile();
  tell(file.phase, bytes, bytes);
}

/**
 * Has the page start helpers, as many as there are to be had.
 * @param {ReturnType<EngineModule['threadParts']>} parts
 * @param {string} build
 * @param {{ threads: number, reason: string }} plan
 * @returns {Promise<{ threads: number, reason: string }>} what came of it
 */
async function startHelpers([module, memory], build, { threads, reason }) {
  if (threads === 1) return { threads, reason };
  /** @type {Promise<Helped>} */
  const answer = new Promise((resolve) => { tellHelped = resolve; });
  post({ type: 'help', count: threads - 1, parts: { build, module, memory } });
  const { started, failure } = await answer;
  const missing = threads - 1 - started;
  if (missing === 0) return { threads, reason };
  return { threads: started + 1, reason: `${missing} more could not be started (${failure})` };
}

/**
 * @param {string} build
 * @returns {Promise<EngineModule>}
 */
async function startEngine(build) {
  try {
    // Made by the build, absent before it; engine.d.ts says what it is.
    const started = /** @type {any} */ (await import(`./wasm/${build}/cosa.js`));
    await started.default({ module_or_path: new URL(`./wasm/${build}/cosa_bg.wasm`, import.meta.url) });
    return started;
  } catch (cause) {
    throw new CosaError('engine_unavailable', `the WebAssembly engine could not be started: ${cause}`);
  }
}

/**
 * @param {Engine} loaded
 * @param {RequestOf<'createChat'>} request
 */
function createChat(loaded, { safetyConfig }) {
  const chat = loaded.createChat(safetyConfig);
  return { chat, safetyConfig: loaded.setSafetyConfig(chat, safetyConfig) }; // set again to learn its hash
}

/**
 * Runs a generation to its end, listening for messages between any two steps.
 * @param {Engine} loaded
 * @param {number} id
 * @param {() => void} start throws where another generation runs
 * @returns {Promise<Ending>}
 */
async function generate(loaded, id, start) {
  start();
  running = id;
  try {
    for (;;) {
      const step = loaded.step();
      if (step.type === 'done') return { finishReason: step.finishReason, stats: step.stats };
      if (step.type === 'text') tellEvent(id, step);
      else tellEvent(id, { type: 'prefill', progress: { done: step.done, total: step.total, cached: step.cached } });
      await messagesServed();
    }
  } finally {
    running = undefined;
  }
}

const ping = new MessageChannel();

/** Resolves behind the messages that wait already. A timer would be clamped to 4 ms, a microtask lets no message in. */
function messagesServed() {
  return new Promise((resolve) => {
    ping.port1.onmessage = resolve;
    ping.port2.postMessage(null);
  });
}

/** @param {Request} request one that may have changed a chat */
function tellTranscript(request) {
  if (request.type !== 'send' && request.type !== 'retract') return;
  tellEvent(request.id, { type: 'transcript', transcript: need(engine).transcript(request.chat) });
}

/**
 * @param {number} id
 * @param {Event} event
 */
function tellEvent(id, event) {
  post({ type: 'event', id, event });
}

/** @param {FromWorker} message */
function post(message) {
  self.postMessage(message);
}

/**
 * For what has no answer of its own: an error with a cause is the business of the request that it belongs to.
 * @param {() => void} act
 */
function orCrash(act) {
  try {
    act();
  } catch (error) {
    if (!toWire(error)) crash(error);
  }
}

/** @param {unknown} error */
function crash(error) {
  post({ type: 'crashed', detail: String(error), outOfMemory: isFull() });
}

/** Small allocations that fail are traps like any other in wasm: whether memory has ended shows when more is asked for. */
function isFull() {
  if (!(memory instanceof WebAssembly.Memory)) return false;
  try {
    memory.grow(SPARE_PAGES);
    return false;
  } catch { // RangeError
    return true;
  }
}

/** @param {Engine | undefined} loaded */
function need(loaded) {
  if (!loaded) throw new CosaError('wrong_state', 'no model is loaded');
  return loaded;
}
