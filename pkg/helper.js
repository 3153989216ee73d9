/** A worker that lends the engine a thread. It hears of its work through the memory they share. */

self.onmessage = async ({ data: { build, module, memory } }) => {
  try {
    const engine = await import(`./wasm/${build}/cosa.js`);
    await engine.default({ module_or_path: module, memory });
    const go = new Promise((resolve) => { self.onmessage = resolve; });
    self.postMessage({});
    await go; // never where the page has lost its patience: this worker counts as none then
    engine.runHelper();
  } catch (cause) {
    self.postMessage({ failure: String(cause) });
  }
};
