/** A worker that lends the engine a thread. It hears of its work through the memory they share. */

self.onmessage = async ({ data: { build, module, memory } }) => {
  try {
    const engine = await import(`./wasm/${build}/cosa.js`);
    await engine.default({ module_or_path: module, memory });
    // Where the page has lost its patience by now, this worker counts as none: it must not begin.
    self.onmessage = () => run(engine);
    self.postMessage({});
  } catch (cause) {
    self.postMessage({ failure: String(cause) });
  }
};

/** @param {{ runHelper(): void }} engine */
function run(engine) {
  try {
    engine.runHelper();
  } catch (cause) {
    self.postMessage({ failure: String(cause) });
  }
}
