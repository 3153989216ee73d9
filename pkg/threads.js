/** Which build of the engine a browser can run, and on how many threads. */

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
