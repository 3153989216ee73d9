/** Loading and freeing twenty times leaves no memory behind. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { startHarness, workersLeft } from './harness.mjs';
import { requireWasm } from './scenario.mjs';

const MB = 1024 * 1024;
const WARM_UP = 4;
const ROUNDS = 20;
/** Rounds whose least memory is compared. */
const WINDOW = 8;

let harness;
before(async () => { requireWasm(); harness = await startHarness(); });
after(() => harness?.close());

test('load and free, twenty times', async (t) => {
  if (!fs.existsSync('/proc/self/statm')) return t.skip('the memory of the browser is read from /proc, which this system lacks');
  const page = await harness.openPage();
  const devtools = await harness.browser.newBrowserCDPSession();
  const engineBytes = [];
  const resident = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    engineBytes.push(await loadAskFree(page));
    await workersLeft(page, 0);
    await page.requestGC();
    resident.push(await rendererBytes(devtools));
  }
  const one = Math.min(...engineBytes);
  // When the browser returns memory is its own business; the least of several rounds does not depend on it.
  const early = Math.min(...resident.slice(WARM_UP, WARM_UP + WINDOW));
  const late = Math.min(...resident.slice(-WINDOW));
  const growth = late - early;
  const kept = one * (ROUNDS - WARM_UP - WINDOW);
  t.diagnostic(`one engine ${mb(one)}; least resident memory of the renderers in early rounds ${mb(early)}, in late ones ${mb(late)}; kept engines would add ${mb(kept)}`);
  assert.ok(growth < kept / 4, `the renderers grew by ${mb(growth)}: ${resident.map(mb).join(', ')}`);
});

/** One model's life; returns the bytes of its wasm memory. */
function loadAskFree(page) {
  return page.evaluate(async () => {
    const { ChatModel } = await import('/pkg/index.js');
    const model = await ChatModel.load();
    await collect(model.chat().send('What is a cat?', { maxTokens: 4 }));
    const bytes = await model.memoryBytes();
    model.free();
    return bytes;
  });
}

/** Resident bytes of all processes of this browser that run pages and workers. */
async function rendererBytes(devtools) {
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
  const pages = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => Number(fs.readFileSync(`/proc/${id}/statm`, 'utf8').split(' ')[1]));
  return pages.reduce((sum, count) => sum + count, 0) * 4096;
}

function mb(bytes) {
  return `${(bytes / MB).toFixed(1)} MB`;
}
