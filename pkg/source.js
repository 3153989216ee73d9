/** Where the bytes of a model come from: addresses that the caller named, files, or the embedded default. */

/** @import { ModelSource } from './index.d.ts' */
/** @import { ModelPart } from './protocol.js' */

import { CosaError, invalidOption } from './errors.js';

/** The model that comes with the package. */
export const EMBEDDED_MODEL = new URL('./models/cosa-default.gguf', import.meta.url);

/** The name of one file of a model that was split by llama.cpp's gguf-split: index and count from 1. */
const SHARD = /-(\d{5})-of-(\d{5})(?=\.gguf$)/i;

/**
 * The files of a model in their order. Relative addresses are resolved here, against the page,
 * because the worker has another base.
 * @param {ModelSource} [source]
 * @returns {ModelPart[]}
 */
export function listParts(source = EMBEDDED_MODEL) {
  const given = Array.isArray(source) ? source : [source];
  if (given.length === 0) throw invalidOption('source', 'the list of files is empty');
  const parts = given.map(toPart);
  if (parts.length === 1 && typeof parts[0] === 'string') return withSiblings(parts[0]);
  return inShardOrder(parts);
}

/**
 * Opens one file of a model as a stream. `size` is its length in bytes where that is certain, `total` what it
 * probably is.
 * @param {ModelPart} part
 * @returns {Promise<{ phase: 'download' | 'read', name: string, size: number | undefined, total: number | undefined,
 *   stream: ReadableStream<Uint8Array<ArrayBuffer>> }>}
 */
export async function openPart(part) {
  if (typeof part !== 'string') {
    return { phase: 'read', name: nameOf(part), size: part.size, total: part.size, stream: part.stream() };
  }
  const response = await fetch(part).catch((cause) => {
    throw new CosaError('network', `${part} cannot be reached, or its server does not allow this page to read it (CORS): ${cause.message}`);
  });
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    throw new CosaError('http', `${part} answered ${response.status} ${response.statusText}`.trimEnd());
  }
  return { phase: 'download', name: part, ...lengthOf(response), stream: response.body };
}

/**
 * Reads a file to its end, chunk by chunk, and sees to it that the end is the true one.
 * @param {Awaited<ReturnType<typeof openPart>>} file
 * @param {(chunk: Uint8Array<ArrayBuffer>, loaded: number) => void} onChunk `loaded` counts this chunk, in bytes
 * @returns {Promise<number>} its length in bytes
 */
export async function readPart({ phase, name, size, total, stream }, onChunk) {
  const code = phase === 'read' ? 'io' : 'network';
  const reader = stream.getReader();
  let loaded = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((cause) => {
      throw new CosaError(code, `${name} broke off after ${ofTotal(loaded, total)}: ${cause.message}`);
    });
    if (done) break;
    loaded += value.length;
    onChunk(value, loaded);
  }
  if (size !== undefined && loaded < size) {
    throw new CosaError(code, `${name} ended early, after ${ofTotal(loaded, size)}`);
  }
  return loaded;
}

/**
 * @param {unknown} item
 * @returns {ModelPart}
 */
function toPart(item) {
  if (item instanceof Blob) return item;
  if (item instanceof URL) return item.href;
  if (typeof item !== 'string') throw invalidOption('source', `must be a URL, a File or Blob, or a list of them, not ${typeof item}`);
  try {
    return new URL(item, globalThis.document?.baseURI ?? location.href).href;
  } catch {
    throw invalidOption('source', `'${item}' is not a URL`);
  }
}

/**
 * All shards where the address is one shard's, else the address alone.
 * @param {string} address
 */
function withSiblings(address) {
  const url = new URL(address);
  const [, , count] = SHARD.exec(url.pathname) ?? [];
  if (!count) return [address];
  return Array.from({ length: Number(count) }, (_, index) => {
    const sibling = new URL(url);
    sibling.pathname = url.pathname.replace(SHARD, `-${String(index + 1).padStart(5, '0')}-of-${count}`);
    return sibling.href;
  });
}

/**
 * A file picker gives its files in any order; the names tell the right one.
 * @param {ModelPart[]} parts
 */
function inShardOrder(parts) {
  const index = (/** @type {ModelPart} */ part) => Number(SHARD.exec(typeof part === 'string' ? new URL(part).pathname : nameOf(part))?.[1]);
  return parts.some((part) => Number.isNaN(index(part))) ? parts : parts.toSorted((a, b) => index(a) - index(b));
}

/**
 * What a server says of the length of a body. A compressed one is longer than it was sent, and another origin's
 * server may keep to itself that it is compressed.
 * @param {Response} response
 */
function lengthOf(response) {
  const length = response.headers.get('Content-Length');
  const encoding = response.headers.get('Content-Encoding');
  const total = length === null || (encoding ?? 'identity') !== 'identity' ? undefined : Number(length);
  return { size: encoding === null && response.type === 'cors' ? undefined : total, total };
}

/** @param {Blob} blob */
function nameOf(blob) {
  return blob instanceof File ? blob.name : 'the Blob';
}

/**
 * @param {number} loaded
 * @param {number | undefined} total
 */
function ofTotal(loaded, total) {
  return total === undefined ? `${loaded} bytes` : `${loaded} of ${total} bytes`;
}
