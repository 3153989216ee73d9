/** Options, checked at the door: the names of any, the values of those of `ChatModel.load`. */

/** @import { LoadOptions } from './index.d.ts' */
/** @import { EngineOptions } from './protocol.js' */

import { CosaError, invalidOption } from './errors.js';

/** One check an option; it returns what is wrong, or nothing. @type {Record<string, (value: any) => string | false>} */
const CHECKS = {
  backend: (value) => !['auto', 'cpu', 'webgpu'].includes(value) && `must be 'auto', 'cpu' or 'webgpu', not ${show(value)}`,
  threads: (value) => !isCount(value) && `must be a whole number from 1, not ${show(value)}`,
  contextLength: (value) => !isCount(value) && `must be a whole number of tokens from 1, not ${show(value)}`,
  kvCache: (value) => !['int8', 'f32'].includes(value) && `must be 'int8' or 'f32', not ${show(value)}`,
  sha256: (value) => !/^[0-9a-f]{64}$/i.test(value) && 'must be 64 hexadecimal digits',
  authority: (value) => typeof value !== 'string' && 'must be a string, the Ed25519 public key',
  onProgress: (value) => typeof value !== 'function' && 'must be a function',
  signal: (value) => !(value instanceof AbortSignal) && 'must be an AbortSignal',
};

/**
 * Splits the options into those of the page and those of the engine.
 * @param {LoadOptions} options
 * @returns {Pick<LoadOptions, 'signal' | 'onProgress' | 'threads'> & { engine: EngineOptions }}
 */
export function checkLoadOptions(options) {
  checkNames(options, Object.keys(CHECKS));
  for (const [name, value] of Object.entries(options)) {
    const wrong = value !== undefined && CHECKS[name](value);
    if (wrong) throw invalidOption(name, wrong);
  }
  if (options.backend === 'webgpu') {
    throw new CosaError('unsupported_backend', "the webgpu backend is not built yet; use backend 'auto' or 'cpu'");
  }
  const { signal, onProgress, threads, contextLength, kvCache, sha256, authority } = options;
  return { signal, onProgress, threads, engine: { contextLength, kvCache, sha256: sha256?.toLowerCase(), authority } };
}

/**
 * Refuses what is no object, and an object with other names.
 * @param {object} options
 * @param {string[]} known
 */
export function checkNames(options, known) {
  if (options === null || typeof options !== 'object') throw invalidOption('options', 'must be an object');
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) throw invalidOption(unknown, `is not known; known: ${known.join(', ')}`);
}

/** @param {unknown} value */
function isCount(value) {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}

/** @param {unknown} value */
function show(value) {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
