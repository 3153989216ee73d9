/** Client and worker over `stub_engine.js`: order, abort, crashes and ends, without any wasm. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, afterEach, test } from 'node:test';
import { startHarness, until, workersLeft } from './harness.mjs';

let harness;
let page;
before(async () => { harness = await startHarness(); });
after(() => harness?.close());
beforeEach(async () => { page = await harness.openPage(); });
afterEach(() => page.close());

/** Runs in the page with the package over the stub; `bytes` is a model that the stub takes. */
function inPage(body, argument) {
  return page.evaluate(`(async () => {
    const { ChatModel, CosaError } = await import('/stub/index.js');
    const load = (options) => ChatModel.load(new Blob(['GGUF']), options);
    const script = (steps) => JSON.stringify(steps);
    return (${body})({ ChatModel, CosaError, load, script }, ${JSON.stringify(argument ?? null)});
  })()`);
}

test('pieces come in order to a slow reader, reasoning and progress apart', async () => {
  const seen = await inPage(async ({ load, script }) => {
    const chat = (await load()).chat();
    const seen = { progress: [], reasoning: '', text: '' };
    const answer = chat.send(script({ prefill: 3, decode: 5 }), {
      onProgress: ({ done, total }) => seen.progress.push(`${done}/${total}`),
      onReasoning: (piece) => { seen.reasoning += piece; },
    });
    await pause(100);
    for await (const piece of answer) { seen.text += piece; await pause(5); }
    return { ...seen, last: chat.lastReasoning, reason: answer.finishReason, stats: chat.lastStats.contextLength, messages: chat.transcript().messages.length };
  });
  assert.deepEqual(seen, { progress: ['1/3', '2/3', '3/3'], reasoning: 'hm', text: '2 3 4 5 ', last: 'hm', reason: 'stop', stats: 64, messages: 2 });
});

for (const [phase, steps] of [['prefill', { prefill: 100, stepMs: 200 }], ['decode', { decode: 100, stepMs: 200 }]]) {
  test(`an abort in ${phase} is honoured within one step and keeps what was said`, async () => {
    const seen = await inPage(async ({ load, script }, steps) => {
      const chat = (await load()).chat();
      await chat.ready;
      const controller = new AbortController();
      let stepsAfter = 0;
      let text = '';
      const step = () => { if (controller.signal.aborted) stepsAfter += 1; };
      const answer = chat.send(script(steps), { signal: controller.signal, onProgress: step });
      setTimeout(() => controller.abort(), 700);
      const { name } = await settle((async () => { for await (const piece of answer) { text += piece; step(); } })());
      const kept = chat.transcript().messages[1];
      return { name, stepsAfter, same: kept.content === text, reason: kept.finishReason, next: await collect(chat.send(script({ decode: 2 }))) };
    }, steps);
    assert.equal(seen.name, 'AbortError');
    assert.ok(seen.stepsAfter <= 2, `${seen.stepsAfter} steps after the abort; one may run and one be on its way`);
    assert.ok(seen.same, 'pieces and transcript are the same text');
    assert.deepEqual([seen.reason, seen.next], ['abort', '2 ']);
  });
}

test('an aborted signal and a reason of the caller come back as they are', async () => {
  const seen = await inPage(async ({ load, script }) => {
    const reason = new TypeError('mine');
    const chat = (await load()).chat();
    const early = await settle(collect(chat.send(script({ decode: 3 }), { signal: AbortSignal.abort(reason) })));
    return { early, messages: chat.transcript().messages.length, load: await settle(load({ signal: AbortSignal.abort() })) };
  });
  assert.deepEqual([seen.early.message, seen.messages, seen.load.name], ['mine', 0, 'AbortError']);
});

test('leaving the loop stops the engine, and the next message may follow at once', async () => {
  const seen = await inPage(async ({ load, script }) => {
    const chat = (await load()).chat();
    for await (const piece of chat.send(script({ decode: 1000, stepMs: 10 }))) if (piece === '3 ') break;
    return { reason: chat.transcript().messages[1].finishReason, next: await collect(chat.send(script({ decode: 2 }))) };
  });
  assert.deepEqual(seen, { reason: 'abort', next: '2 ' });
});

test('a second generation is refused, the first goes on', async () => {
  const seen = await inPage(async ({ load, script }) => {
    const model = await load();
    const chat = model.chat();
    const first = collect(chat.send(script({ decode: 5, stepMs: 200 })));
    const others = await Promise.all([chat, model.chat()].map((other) => settle(collect(other.send(script({ decode: 2 }))))));
    return { codes: [...others, await settle(collect(model.complete(script({}))))].map(({ code }) => code), first: await first };
  });
  assert.deepEqual(seen, { codes: ['wrong_state', 'wrong_state', 'wrong_state'], first: '2 3 4 5 ' });
});

test('a message that is refused meanwhile leaves the running answer the last one', async () => {
  const seen = await inPage(async ({ load, script }) => {
    const chat = (await load()).chat();
    const first = collect(chat.send(script({ decode: 5, stepMs: 20 })));
    const { code } = await settle(collect(chat.send('{}')));
    await first;
    const last = [chat.lastReasoning, chat.lastStats?.contextLength];
    const running = chat.send(script({ decode: 300, stepMs: 10 }));
    await settle(collect(chat.send('{}')));
    await chat.close();
    return { code, last, closed: running.finishReason };
  });
  assert.deepEqual(seen, { code: 'wrong_state', last: ['hm', 64], closed: 'abort' });
});

test('calls reach the engine in the order in which they were made', async () => {
  const seen = await inPage(async ({ load, script }) => {
    const chat = (await load()).chat();
    await collect(chat.send(script({ decode: 2 })));
    const [, taken] = await Promise.all([collect(chat.send('{}')), chat.retract()]);
    return { taken, left: chat.transcript().messages.length };
  });
  assert.deepEqual(seen, { taken: '{}', left: 2 });
});

test('an aborted signal on a refused or closed chat leaves no rejection unhandled', async () => {
  const seen = await inPage(async ({ load }) => {
    const unhandled = [];
    addEventListener('unhandledrejection', (event) => { event.preventDefault(); unhandled.push(String(event.reason)); });
    const model = await load();
    const closed = model.chat();
    await closed.close();
    const names = [];
    for (const chat of [model.chat({ safetyConfig: 'too long' }), closed]) names.push((await settle(collect(chat.send('{}', { signal: AbortSignal.abort() })))).name);
    await pause(50);
    return { names, unhandled };
  });
  assert.deepEqual(seen, { names: ['AbortError', 'AbortError'], unhandled: [] });
});

test('a trap rejects all that is pending and says to load again; the transcript stays', async () => {
  const seen = await inPage(async ({ load, script }) => {
    const model = await load();
    const chat = model.chat();
    await collect(chat.send(script({ decode: 2 })));
    const pending = [settle(collect(chat.send(script({ decode: 9, stepMs: 50, crashAt: 3 })))), settle(pause(20).then(() => model.tokenize('a')))];
    await Promise.all(pending);
    const later = await settle(chat.retract());
    return { crash: (await pending[0]).message, codes: [(await pending[0]).code, later.code], messages: chat.transcript().messages.length };
  });
  assert.match(seen.crash, /unreachable.*load the model again/);
  assert.deepEqual([seen.codes, seen.messages], [['engine_crashed', 'engine_crashed'], 2]);
});

test('a trap with all memory used up says so', async () => {
  const seen = await inPage(async ({ load, script }) => {
    const model = await load();
    const full = await settle(collect(model.complete(script({ decode: 9, fullAt: 2, crashAt: 3 }))));
    return { full, next: await collect((await load()).complete(script({ decode: 2 }))) };
  });
  assert.equal(seen.full.code, 'out_of_memory');
  assert.match(seen.full.message, /used up.*unreachable.*load the model again/);
  assert.equal(seen.next, '2 ');
});

test('an error of the engine ends one answer only', async () => {
  const seen = await inPage(async ({ load, script }) => {
    const chat = (await load()).chat();
    const failed = await settle(collect(chat.send(script({ decode: 9, failAt: 4 }))));
    return { code: failed.code, next: await collect(chat.send(script({ decode: 2 }))) };
  });
  assert.deepEqual(seen, { code: 'non_finite', next: '2 ' });
});

test('a refused config is told by ready and send, and another may take its place', async () => {
  const seen = await inPage(async ({ load, script }) => {
    const chat = (await load()).chat({ safetyConfig: 'too long' });
    const refused = [await settle(chat.ready), await settle(collect(chat.send(script({})))), await settle(chat.setSafetyConfig('too long'))];
    const accepted = await chat.setSafetyConfig('short');
    const kept = await settle(chat.setSafetyConfig('too long'));
    return { codes: [...refused, kept].map(({ code }) => code), accepted: accepted.hash, now: chat.safetyConfig.text, answer: await collect(chat.send(script({ decode: 2 }))) };
  });
  assert.deepEqual(seen, { codes: Array(4).fill('config_too_long'), accepted: 'hash of short', now: 'short', answer: '2 ' });
});

test('free and close end what runs; calls after them say so', async () => {
  const seen = await inPage(async ({ load, script }) => {
    const model = await load();
    const [chat, other] = [model.chat(), model.chat()];
    const closing = settle(collect(chat.send(script({ decode: 1000, stepMs: 10 }))));
    await pause(50);
    await Promise.all([chat.close(), chat.close()]);
    const codes = [(await closing).code, (await settle(collect(chat.send('{}')))).code, (await settle(chat.setSafetyConfig('a'))).code];
    const running = settle(collect(other.send(script({ decode: 1000, stepMs: 10 }))));
    await pause(50);
    model.free();
    model.free();
    return [...codes, (await running).code, (await settle(model.tokenize('a'))).code, (await settle(model.chat().ready)).code];
  });
  assert.deepEqual(seen, [undefined, 'wrong_state', 'wrong_state', 'freed', 'freed', 'freed']);
  await workersLeft(page, 0);
});

test('chance gets a seed that can be told; greedy needs none', async () => {
  const seeds = await inPage(async ({ load, script }) => {
    const chat = (await load()).chat();
    for (const options of [{ temperature: 1 }, { temperature: 1, seed: 7 }, { temperature: 0 }, {}]) await collect(chat.send(script({ decode: 2 }), options));
    return chat.transcript().messages.filter(({ role }) => role === 'assistant').map(({ sampling }) => sampling.seed);
  });
  assert.ok(Number.isSafeInteger(seeds[0]));
  assert.deepEqual(seeds.slice(1), [7, undefined, undefined]);
});

test('load names the option that cannot be used, and starts no worker for it', async () => {
  const seen = await inPage(async ({ ChatModel, load }) => {
    const wrong = [{ backend: 'abacus' }, { threads: 0 }, { contextLength: 1.5 }, { kvCache: 'f16' }, { sha256: 'abc' }, { onProgress: 1 }, { signal: {} }, { colour: 'red' }];
    const results = await Promise.all(wrong.map((options) => settle(load(options))));
    const sources = await Promise.all([42, [], 'http://['].map((source) => settle(ChatModel.load(source))));
    const gpu = await settle(load({ backend: 'webgpu' }));
    const fine = await load({ backend: 'auto', threads: 1, contextLength: 32, kvCache: 'f32', sha256: 'AB'.repeat(32) });
    return { results: results.map(({ code, message }) => [code, message]), sources: sources.map(({ code }) => code), gpu: gpu.code, fine: fine.info.options };
  });
  const names = ['backend', 'threads', 'contextLength', 'kvCache', 'sha256', 'onProgress', 'signal', 'colour'];
  for (const [index, [code, message]] of seen.results.entries()) {
    assert.equal(code, 'invalid_option');
    assert.ok(message.startsWith(`option ${names[index]}:`), message);
  }
  assert.deepEqual([seen.sources, seen.gpu], [Array(3).fill('invalid_option'), 'unsupported_backend']);
  assert.deepEqual(seen.fine, { contextLength: 32, kvCache: 'f32', sha256: 'ab'.repeat(32), authority: undefined });
  await workersLeft(page, 1);
});

test('shards: files sort by name, one address stands for its siblings', async () => {
  const seen = await inPage(async ({ ChatModel }) => {
    const shard = (index) => new File([`GGUF${index}`], `m-0000${index}-of-00003.gguf`);
    const progress = [];
    const model = await ChatModel.load([3, 1, 2].map(shard), { onProgress: ({ phase, loaded, total, file, files }) => progress.push(`${phase} ${loaded}/${total} ${file}/${files}`) });
    const missing = await settle(ChatModel.load('/data/absent-00001-of-00002.gguf'));
    return { order: model.info.files.map(({ start }) => start), progress, missing };
  });
  assert.deepEqual(seen.order, ['GGUF1', 'GGUF2', 'GGUF3']);
  assert.deepEqual(seen.progress, ['engine 0/0 1/3', 'read 0/5 1/3', 'read 5/5 1/3', 'read 0/5 2/3', 'read 5/5 2/3', 'read 0/5 3/3', 'read 5/5 3/3', 'prepare 0/0 3/3']);
  assert.equal(seen.missing.code, 'http');
  assert.match(seen.missing.message, /absent-00001-of-00002\.gguf answered 404/);
});

test('a callback that throws loses no message', async () => {
  const text = await inPage(async ({ load, script }) => {
    window.onerror = () => true;
    const model = await load({ onProgress: () => { throw new Error('mine'); } });
    return collect(model.chat().send(script({ prefill: 2, decode: 3 }), { onProgress: () => { throw new Error('mine'); }, onReasoning: () => { throw new Error('mine'); } }));
  });
  assert.equal(text, '2 3 ');
});

test('what cannot be asked is refused before the engine hears of it', async () => {
  const seen = await inPage(async ({ load }) => {
    const model = await load();
    const chat = model.chat();
    const results = [await settle(collect(chat.send(undefined))), await settle(collect(model.complete(3))), await settle(collect(chat.send('{}', { stop: () => {} }))),
      await settle(collect(chat.send('{}', null))), await settle(collect(model.complete('{}', null))), await settle(collect(model.respond([], 3)))];
    return { codes: results.map(({ code }) => code), ids: [...await model.tokenize('ab')], text: await model.detokenize([97, 98]), bytes: await model.memoryBytes() };
  });
  assert.deepEqual(seen, { codes: Array(6).fill('invalid_option'), ids: [97, 98], text: 'ab', bytes: 65536 });
});

for (const [prefix, said] of [['/no-engine/', /WebAssembly engine could not be started/], ['/no-worker/', /worker could not be started/]]) {
  test(`the package says what is missing under ${prefix}`, async () => {
    const seen = await page.evaluate(async (address) => {
      const { ChatModel } = await import(address);
      return settle(ChatModel.load(new Blob(['GGUF'])));
    }, `${prefix}index.js`);
    assert.equal(seen.code, 'engine_unavailable');
    assert.match(seen.message, said);
    await workersLeft(page, 0);
  });
}

test('a crash while loading rejects load and ends the worker', async () => {
  const seen = await inPage(({ ChatModel }) => settle(ChatModel.load(new Blob(['trap']))));
  assert.equal(seen.code, 'engine_crashed');
  await workersLeft(page, 0);
});

test('the harness notes what page and workers ask of a foreign host', async () => {
  await page.evaluate(async () => {
    await settle(fetch('https://page.invalid/'));
    const script = "fetch('https://worker.invalid/').catch(() => postMessage('refused'))";
    const worker = new Worker(URL.createObjectURL(new Blob([script])));
    await new Promise((resolve) => { worker.onmessage = resolve; });
  });
  await until(() => harness.foreign.length === 2);
  assert.deepEqual(harness.foreign.splice(0), ['https://page.invalid/', 'https://worker.invalid/']);
});
