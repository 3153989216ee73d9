/** Loading and freeing again and again leaves no memory behind. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { startHarness, workersLeft } from './harness.mjs';
import { requireWasm } from './scenario.mjs';

const MB = 1024 * 1024;
/** Rounds whose least memory is compared with that of the rounds before: when the browser returns memory is its own
 * business, and the least of several rounds does not depend on it. */
const WINDOW = 10;
/** A browser warms up for a while and then stops growing; a leak never does. */
const MAX_WINDOWS = 8;

let harness;
before(async () => { requireWasm(); harness = await startHarness(); });
after(() => harness?.close());

test('load and free, twenty times and more', async (t) => {
  if (!fs.existsSync('/proc/self/statm')) return t.skip('the memory of the browser is read from /proc, which this system lacks');
  const page = await harness.openPage();
  const devtools = await harness.browser.newBrowserCDPSession();
  const least = [];
  let engine = Infinity;
  let growth = Infinity;
  // Flat: what ten rounds add is less than a tenth of an engine for each of them.
  while (least.length < 2 || (growth >= engine && least.length < MAX_WINDOWS)) {
    const rounds = [];
    for (let round = 0; round < WINDOW; round += 1) {
      engine = Math.min(engine, await loadAskFree(page));
      await workersLeft(page, 0);
      await page.requestGC();
      rounds.push(await rendererBytes(devtools));
    }
    growth = Math.min(...rounds) - (least.at(-1) ?? -Infinity);
    least.push(Math.min(...rounds));
  }
  t.diagnostic(`one engine ${mb(engine)}; least resident memory of the renderers in each ${WINDOW} rounds: ${least.map(mb).join(', ')}`);
  assert.ok(growth < engine, `the renderers grow by ${mb(growth)} in ${WINDOW} rounds, and never stop`);
});

/** One model's life; returns the bytes of its wasm memory. The page keeps the chat, as pages do. */
function loadAskFree(page) {
  return page.evaluate(async () => {
    const { ChatModel } = await import('/pkg/index.js');
    const model = await ChatModel.load();
    const chat = model.chat();
    (globalThis.kept ??= []).push(chat);
    await collect(chat.send('What is a cat?', { maxTokens: 4 }));
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
