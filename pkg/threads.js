/** Which build of the engine a browser can run, and the workers that help it. */

/** @import { EngineModule } from './engine.d.ts' */

/** How long a helper may take to start, in milliseconds, before the engine goes on without it. */
const PATIENCE = 10_000;

/** How long helpers may take to end their work, in milliseconds. */
const GRACE = 500;

/** Of each helper that started, the end of its work. @type {Promise<void>[]} */
const ends = [];

/** A module with one relaxed instruction: `i16x8.relaxed_dot_i8x16_i7x16_s` of two splats. */
const RELAXED = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0,
  65, 1, 253, 15, 65, 1, 253, 15, 253, 146, 2, 11]);

/** The folder of the fastest build that this browser runs. */
export function chooseBuild() {
  return WebAssembly.validate(RELAXED) ? 'relaxed-simd' : 'simd';
}

/**
 * How many threads to use, and why not more.
 * @param {number | undefined} wanted
 * @returns {{ threads: number, reason: string }}
 */
export function planThreads(wanted) {
  if (!self.crossOriginIsolated) {
    return { threads: 1, reason: 'the page is not cross-origin isolated; serve it with the headers '
      + '"Cross-Origin-Opener-Policy: same-origin" and "Cross-Origin-Embedder-Policy: require-corp" to have threads' };
  }
  const processors = navigator.hardwareConcurrency || 1;
  if (wanted !== undefined) {
    const threads = Math.min(wanted, processors);
    return { threads, reason: threads < wanted ? `this machine has ${processors} processors` : `${wanted} asked for` };
  }
  // Two of two, since the page itself does little; of more, some are left to others.
  const threads = Math.max(Math.min(processors, 2), Math.min(Math.floor(processors * 0.75), 8));
  return { threads, reason: `of ${processors} processors; option threads asks for others` };
}

/**
 * Starts helpers, as many as there are to be had; they end with this worker.
 * @param {EngineModule} engine
 * @param {string} build
 * @param {{ threads: number, reason: string }} plan
 * @returns {Promise<{ threads: number, reason: string }>} what came of it
 */
export async function startHelpers(engine, build, { threads, reason }) {
  const [module, memory] = threads > 1 ? engine.threadParts() : [];
  const starts = Array.from({ length: threads - 1 }, () => startHelper({ build, module, memory }));
  const failures = (await Promise.all(starts)).filter((failure) => failure !== undefined);
  if (failures.length === 0) return { threads, reason };
  return { threads: threads - failures.length, reason: `${failures.length} more could not be started (${failures[0]})` };
}

/**
 * @param {{ build: string, module: unknown, memory: unknown }} parts
 * @returns {Promise<string | undefined>} why it did not start
 */
function startHelper(parts) {
  return new Promise((resolve) => {
    try {
      const worker = new Worker(new URL('./helper.js', import.meta.url), { type: 'module', name: 'cosa helper' });
      /** @param {string} failure */
      const fail = (failure) => { worker.terminate(); resolve(failure); };
      const timer = setTimeout(() => fail('it took too long'), PATIENCE);
      const ended = new Promise((end) => {
        worker.onmessage = ({ data }) => {
          clearTimeout(timer);
          if (data === 'ended') return end(undefined);
          if (data.failure) return fail(data.failure);
          ends.push(ended);
          resolve(undefined);
        };
      });
      worker.onerror = (event) => {
        event.preventDefault(); // told in `info.threadsReason`
        clearTimeout(timer);
        fail(event.message || 'its script did not load');
      };
      worker.postMessage(parts);
    } catch (cause) {
      resolve(String(cause));
    }
  });
}

/**
 * Ends the work of all helpers, because a browser tries for seconds before it kills a busy one. They end with
 * this worker: Chromium keeps both for ever where a worker and its parent are ended at the same time.
 * @param {EngineModule | undefined} engine
 */
export async function stopHelpers(engine) {
  engine?.stopHelpers();
  const patience = new Promise((resolve) => setTimeout(resolve, GRACE));
  await Promise.race([Promise.all(ends), patience]);
}
