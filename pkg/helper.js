/** A worker that lends the engine a thread. It hears of its work through the memory they share. */

self.onmessage = async ({ data: { build, module, memory } }) => {
  try {
    const engine = await import(`./wasm/${build}/cosa.js`);
    await engine.default({ module_or_path: module, memory });
    self.postMessage({});
    engine.runHelper();
  } catch (cause) {
    self.postMessage({ failure: String(cause) });
  }
};
