/** Threads and builds: which are taken, what is told of them, and that they change no bit. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startHarness } from './harness.mjs';
import { WINE, requireWasm } from './scenario.mjs';

let harness;
before(async () => { requireWasm(); harness = await startHarness(); });
after(() => harness?.close());

/** What one model of one package says of itself and answers, drawn by chance so that every bit of the logits counts. */
async function answer(page, { base = '/pkg/', threads }) {
  return page.evaluate(async ({ base, threads, WINE }) => {
    const { ChatModel } = await import(`${base}index.js`);
    const model = await ChatModel.load('/pkg/models/cosa-default.gguf', { threads });
    const options = { temperature: 2, seed: 11, maxTokens: 120, ignoreEos: true };
    const chat = model.chat({ safetyConfig: WINE });
    const said = await collect(chat.send('Which food goes well with red wine?', options));
    const texts = [chat.lastReasoning + said, await collect(model.complete('A long walk '.repeat(40), options))];
    model.free();
    return { texts, info: model.info };
  }, { base, threads, WINE });
}

test('any number of threads and both builds give the same text', async () => {
  const page = await harness.openPage();
  const one = await answer(page, { threads: 1 });
  assert.deepEqual([one.info.threads, one.info.backendDetail], [1, 'relaxed-simd128']);
  const two = await answer(page, { threads: 2 });
  assert.deepEqual(two.texts, one.texts);
  const plain = await answer(page, { base: '/plain/', threads: 2 });
  assert.equal(plain.info.backendDetail, 'simd128');
  assert.deepEqual(plain.texts, one.texts);
  assert.ok(one.texts.every((text) => text.length > 50), 'there is something to compare');
});

test('threads are taken as asked for, as far as the machine has them', async () => {
  const page = await harness.openPage();
  const processors = await page.evaluate(() => navigator.hardwareConcurrency);
  const { info } = await answer(page, { threads: processors + 5 });
  assert.equal(info.threads, processors);
  assert.match(info.threadsReason, new RegExp(`${processors} processors`));
  const { info: byDefault } = await answer(page, {});
  assert.ok(byDefault.threads >= 1 && byDefault.threads <= processors, byDefault.threadsReason);
});

test('a helper that does not start is done without, and told', async () => {
  const page = await harness.openPage();
  const { info, texts } = await answer(page, { base: '/no-helper/', threads: 2 });
  assert.equal(info.threads, 1);
  const processors = await page.evaluate(() => navigator.hardwareConcurrency);
  if (processors > 1) assert.match(info.threadsReason, /could not be started/);
  assert.ok(texts[0].length > 0);
});

test('a helper that fails later ends the engine, which would wait for it', async (t) => {
  const page = await harness.openPage();
  if (await page.evaluate(() => navigator.hardwareConcurrency) === 1) return t.skip('one processor: there are no helpers');
  const seen = await page.evaluate(async () => {
    const { ChatModel } = await import('/lost-helper/index.js');
    const model = await settle(ChatModel.load('/pkg/models/cosa-default.gguf', { threads: 2 }));
    return model.code ? model : settle(collect(model.value.complete('A long walk')));
  });
  assert.equal(seen.code, 'engine_crashed', seen.message);
  assert.match(seen.message, /a thread ended: RuntimeError/);
});

test('a page that is not isolated has one thread, and is told how to have more', async () => {
  const plain = await startHarness({ isolated: false });
  try {
    const { info } = await answer(await plain.openPage(), { threads: 2 });
    assert.equal(info.threads, 1);
    assert.match(info.threadsReason, /Cross-Origin-Opener-Policy: same-origin/);
  } finally {
    await plain.close();
  }
});
