/**
 * Every message between the page (`connection.js`) and the worker (`worker.js`), and nothing else.
 *
 * A request carries an `id` and is answered by exactly one `result` or `error` with that id; events
 * with the same id may come before. Messages arrive in the order in which they were sent.
 * `abort` has no answer of its own: the request it names ends with its `result`. `help` asks the page
 * for workers that lend their threads, `helped` says how many there are. `close` has the engine let
 * them go; `closed` says that all may be ended.
 * `crashed` ends everything: the worker holds no usable engine any more.
 */

/** @import { ConfigReading, CosaErrorCode, FinishReason, LoadProgress, Message, ModelInfo, PrefillProgress, SafetyConfig,
 *    SafetyConfigInput, SamplingOptions, Stats, Transcript } from './index.d.ts' */

import { CosaError } from './errors.js';

/**
 * What may be asked of the worker, and what each answer's `value` is. `chat` is the engine's number of a chat.
 * @typedef {{
 *   load: { ask: { parts: ModelPart[], threads?: number, options: EngineOptions }, value: ModelInfo },
 *   createChat: { ask: { safetyConfig: SafetyConfigInput }, value: { chat: number, safetyConfig: SafetyConfig | null } },
 *   setSafetyConfig: { ask: { chat: number, safetyConfig: SafetyConfigInput }, value: SafetyConfig | null },
 *   reading: { ask: { chat: number }, value: ConfigReading },
 *   send: { ask: { chat: number, text: string, options: SamplingOptions }, value: Ending },
 *   complete: { ask: { text: string, options: SamplingOptions }, value: Ending },
 *   respond: { ask: { messages: Message[], options: SamplingOptions }, value: Ending },
 *   retract: { ask: { chat: number }, value: string | null },
 *   closeChat: { ask: { chat: number }, value: void },
 *   tokenize: { ask: { text: string }, value: Uint32Array },
 *   detokenize: { ask: { ids: Uint32Array }, value: string },
 *   memoryBytes: { ask: {}, value: number },
 * }} Calls
 *
 * @typedef {string | Blob} ModelPart one file of the model: an absolute URL, or its bytes
 * @typedef {{ contextLength?: number, sha256?: string, authority?: string, kvCache?: 'int8' | 'f32' }} EngineOptions
 * @typedef {{ finishReason: FinishReason, stats: Stats }} Ending how a generation ended
 */

/**
 * @template {keyof Calls} K
 * @typedef {{ type: K, id: number } & Calls[K]['ask']} RequestOf
 */

/** @typedef {{ [K in keyof Calls]: RequestOf<K> }[keyof Calls]} Request */
/** @typedef {Request | { type: 'abort', id: number } | { type: 'helped', helped: Helped } | { type: 'close' }} ToWorker */

/**
 * @typedef {{ build: string, module: unknown, memory: unknown }} HelperParts what a helper shares with the engine
 * @typedef {{ started: number, failure?: string }} Helped how many helpers run, and why not more
 */

/**
 * What a request may tell before its answer.
 * @typedef {{ type: 'load', progress: LoadProgress }
 *   | { type: 'prefill', progress: PrefillProgress }
 *   | { type: 'text', channel: 'answer' | 'reasoning', text: string }
 *   | { type: 'transcript', transcript: Transcript }} Event
 *
 * @typedef {{ type: 'event', id: number, event: Event }
 *   | { type: 'result', id: number, value: any }
 *   | { type: 'error', id: number, error: WireError }
 *   | { type: 'help', count: number, parts: HelperParts }
 *   | { type: 'crashed', detail: string, outOfMemory: boolean }
 *   | { type: 'closed' }} FromWorker
 *
 * @typedef {{ code: CosaErrorCode, message: string }} WireError
 */

/**
 * The wire form of an error that has a cause the caller can act on; undefined for all others (traps, bugs).
 * @param {unknown} error
 * @returns {WireError | undefined}
 */
export function toWire(error) {
  const { code, message } = /** @type {{ code?: unknown, message?: unknown }} */ (error ?? {});
  if (typeof code !== 'string') return undefined;
  return { code: /** @type {CosaErrorCode} */ (code), message: String(message) };
}

/** @param {WireError} wire */
export function fromWire({ code, message }) {
  return new CosaError(code, message);
}
