/** The page as its reader meets it: the embedded model, then the page over `stub_engine.js` where timing matters. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { startHarness } from './harness.mjs';
import { REFUSAL } from './scenario.mjs';
import { configs } from '../../www/configs.js';

const STUB = fileURLToPath(new URL('stub_engine.js', import.meta.url));
const WINE = 'Which food goes well with red wine?';

let harness;
before(async () => { harness = await startHarness(); });
after(() => harness?.close());

/** A test with a page of its own in a fresh browser profile; what the page logs as an error fails the test. */
function pageTest(name, { stub = false, ...options }, run) {
  test(name, async () => {
    const context = await harness.openContext({ viewport: { width: 1280, height: 820 }, ...options });
    const errors = [];
    const foreign = [];
    context.on('request', (request) => { if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(harness.origin)) foreign.push(request.url()); });
    if (stub) await context.route('**/pkg/wasm/relaxed-simd/cosa.js', (route) => route.fulfill({ path: STUB, contentType: 'text/javascript' }));
    const page = await context.newPage();
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => { if (message.type() === 'error') errors.push(message.text()); });
    try {
      await page.goto(`${harness.origin}/`);
      await ready(page);
      await run(page, context);
      assert.deepEqual({ errors, foreign }, { errors: [], foreign: [] });
    } finally {
      await context.close();
    }
  });
}

const ready = (page) => page.waitForSelector('#send:not([disabled]):not([hidden])');
const choose = (page, id) => page.click(`#config-panel label[data-config=${id}]`);
const texts = (page, selector) => page.$$eval(selector, (nodes) => nodes.map((node) => node.textContent));
const answers = (page) => texts(page, '.answer .body');
const labels = (page) => texts(page, '.answer .label');
const ask = (page, text) => page.fill('#prompt', typeof text === 'string' ? text : JSON.stringify(text)).then(() => page.press('#prompt', 'Enter'));

/** Waits until the page shows that config as the one in force. */
const inForce = (page, name) => page.waitForFunction((name) => document.getElementById('config-name').textContent === name, name);

/** Waits for the count of finished answers. */
const answered = (page, count) => page.waitForFunction((count) => document.querySelectorAll('.answer[aria-busy=false]').length === count
  && document.getElementById('stop').hidden, count);

pageTest('one prompt is answered under one config and refused under another in the same conversation', {}, async (page) => {
  await choose(page, 'language');
  await ask(page, WINE);
  await answered(page, 1);
  await page.waitForFunction(() => document.getElementById('live').textContent.startsWith('Answer under Language school: Red wine'));
  await choose(page, 'library');
  await page.click('.divider .button');
  await answered(page, 2);
  const [first, second] = await answers(page);
  assert.match(first, /goes well with hard cheese/);
  assert.match(second, /alcohol/);
  assert.match(second, REFUSAL);
  assert.deepEqual(await texts(page, '.divider p'), ["Config changed to Children's library"]);
  assert.deepEqual(await labels(page), ['Answered under Language school', "Answered under Children's library"]);
  assert.match((await texts(page, '.rationale p'))[1], /alcohol/);
  assert.deepEqual(await texts(page, '.answer >> nth=1 >> .rationale dd:has(strong)'), ['alcohol nodecides']);
  await page.click('.answer >> nth=0 >> .label');
  assert.match(await page.textContent('.answer >> nth=0 >> .given'), /Alcohol is allowed\..*SHA-256 [0-9a-f]{64}/s);
  assert.match(await page.textContent('#status'), /[\d.]+ tok\/s.*First token(\d+ ms|[\d.]+ s).*Context\d+\/512/);
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#download')]);
  const transcript = JSON.parse(fs.readFileSync(await download.path(), 'utf8'));
  assert.deepEqual(transcript.messages.map((message) => message.safetyConfig?.name), [undefined, 'Language school', undefined, "Children's library"]);
});

for (const config of configs) {
  pageTest(`the starter prompts of ${config.name} do what they promise`, {}, async (page) => {
    await choose(page, config.id);
    for (const [asks, refused] of [[config.asks.answers, false], [config.asks.declines, true]]) {
      for (const prompt of asks) {
        await page.click('#new-chat');
        await page.click(`.starter:text-is("${prompt}")`);
        await answered(page, 1);
        assert.equal(REFUSAL.test(await page.textContent('.answer .body')), refused, prompt);
      }
    }
  });
}

pageTest('regenerate, copy and new chat', { permissions: ['clipboard-read', 'clipboard-write'] }, async (page) => {
  await choose(page, 'language');
  await ask(page, WINE);
  await answered(page, 1);
  await choose(page, 'library');
  await page.click('.answer .again');
  await page.waitForFunction(() => /guideline/i.test(document.querySelector('.answer .body')?.textContent));
  await answered(page, 1);
  assert.equal(await page.locator('.question').count(), 1);
  await Promise.all([page.waitForSelector('.copy:has-text("Copied")'), page.click('.copy')]);
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), (await answers(page))[0].trim());
  await page.click('#new-chat');
  await page.waitForSelector('#welcome:not([hidden])');
  assert.equal(await page.locator('#conversation > *').count(), 0);
});

pageTest('the keyboard is enough', {}, async (page) => {
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.value);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await focused(), 'prompt');
  await page.keyboard.type('What helps');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('against a headache?');
  assert.equal(await page.inputValue('#prompt'), 'What helps\nagainst a headache?');
  await page.fill('#prompt', WINE);
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'open-config');
  await page.keyboard.press('Enter');
  assert.equal(await focused(), 'language');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  await page.waitForFunction(() => document.getElementById('config-name').textContent === "Children's library");
  await page.focus('#prompt');
  await page.keyboard.press('Enter');
  await answered(page, 1);
  assert.deepEqual(await labels(page), ["Answered under Children's library"]);
  assert.equal(await focused(), 'prompt');
});

pageTest('where the button that was pressed disappears, the box has the focus', {}, async (page) => {
  const press = (selector) => page.focus(selector).then(() => page.keyboard.press('Enter'));
  const inBox = () => page.waitForFunction(() => document.activeElement.id === 'prompt');
  await press('.starter >> nth=0');
  await inBox();
  await answered(page, 1);
  await choose(page, 'library');
  await press('.divider .button');
  await inBox();
  await answered(page, 2);
  await ask(page, 'word '.repeat(400));
  await press('.banner [aria-label^=Dismiss]');
  await inBox();
  await ask(page, 'word '.repeat(400));
  await page.click('#tab-evaluate');
  await press('.banner [aria-label^=Dismiss]');
  await page.waitForFunction(() => document.activeElement.id === 'evaluate-form');
});

pageTest('a dialog closes at a click beside it, not at one into its blank space', {}, async (page) => {
  await page.click('#open-model');
  await page.fill('#model-url', 'https://example.org/model.gguf');
  const box = await page.locator('#model-dialog').boundingBox();
  await page.mouse.click(box.x + 5, box.y + 5);
  await page.mouse.move(box.x + 40, box.y + 40); // text is selected, and the button let go outside
  await page.mouse.down();
  await page.mouse.move(5, 5);
  await page.mouse.up();
  assert.equal(await page.inputValue('#model-url'), 'https://example.org/model.gguf');
  await page.mouse.click(5, 5);
  await page.waitForSelector('#model-dialog:not([open])', { state: 'attached' });
});

pageTest('what was written as an own config is not replaced by a copy unasked', {}, async (page) => {
  const answers = [false, true];
  page.on('dialog', (dialog) => (answers.shift() ? dialog.accept() : dialog.dismiss()));
  await choose(page, 'custom');
  await page.fill('#custom-config', 'Mine.');
  for (const kept of ['Mine.', configs.find(({ id }) => id === 'library').text]) {
    await choose(page, 'library');
    await inForce(page, "Children's library");
    await page.click('button:text-is("Edit a copy")');
    assert.equal(await page.inputValue('#custom-config'), kept);
  }
  assert.equal(answers.length, 0);
});

pageTest('to regenerate twice at once takes one exchange back', {}, async (page) => {
  await ask(page, WINE);
  await answered(page, 1);
  await ask(page, 'Good morning!');
  await answered(page, 2);
  const before = await page.$('.answer:last-of-type');
  await page.$$eval('.answer .again', (buttons) => { buttons.at(-1).click(); buttons.at(-1).click(); });
  await page.waitForFunction((answer) => !answer.isConnected, before);
  await answered(page, 2);
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#download')]);
  const transcript = JSON.parse(fs.readFileSync(await download.path(), 'utf8'));
  assert.deepEqual(transcript.messages.filter(({ role }) => role === 'user').map(({ content }) => content), [WINE, 'Good morning!']);
});

pageTest('at phone width nothing scrolls sideways and the config is a drawer', { viewport: { width: 390, height: 844 } }, async (page) => {
  const sideways = () => page.evaluate(() => [document.documentElement, document.getElementById('scroller')].some((box) => box.scrollWidth > box.clientWidth));
  assert.equal(await sideways(), false);
  await page.click('#open-config');
  await page.waitForSelector('#config-dialog[open]');
  await choose(page, 'library');
  await page.keyboard.press('Escape');
  await ask(page, `${WINE} ${'unbroken'.repeat(12)}`);
  await answered(page, 1);
  assert.equal(await sideways(), false);
  assert.deepEqual(await labels(page), ["Answered under Children's library"]);
});

for (const colorScheme of ['light', 'dark']) {
  pageTest(`a system in ${colorScheme} mode, and the other theme by choice, remembered`, { colorScheme }, async (page) => {
    const dark = () => page.evaluate(() => Number(getComputedStyle(document.body).backgroundColor.match(/\d+/)[0]) < 100);
    assert.equal(await dark(), colorScheme === 'dark');
    await page.click('#theme');
    assert.equal(await dark(), colorScheme === 'light');
    await page.reload();
    assert.equal(await dark(), colorScheme === 'light');
  });
}

pageTest('a long conversation goes on, and tells once that earlier turns are left out', {}, async (page) => {
  await choose(page, 'language');
  for (let count = 1; count <= 7; count += 1) {
    await ask(page, WINE);
    await answered(page, count);
  }
  assert.equal((await texts(page, '.notice')).filter((text) => text.includes('the last turns alone')).length, 1);
  assert.ok((await answers(page)).every((text) => text.startsWith('Red wine')));
});

pageTest('a dropped text file is refused with advice, and the page goes on', {}, async (page) => {
  const files = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['Dear diary, nothing here is a model.'], 'diary.txt', { type: 'text/plain' }));
    return transfer;
  });
  await page.dispatchEvent('body', 'drop', { dataTransfer: files });
  await page.waitForSelector('.banner:has-text("not_gguf")');
  await ready(page);
  await choose(page, 'language');
  await ask(page, WINE);
  await answered(page, 1);
  assert.match((await answers(page))[0], /cheese/);
});

pageTest('a download can be cancelled, and the model before it stays', {}, async (page) => {
  await page.click('#open-model');
  await page.fill('#model-url', `${harness.origin}/test/slow.gguf`);
  await page.press('#model-url', 'Enter');
  await page.waitForSelector('.loading progress[value]');
  await page.click('.loading .button');
  await ready(page);
  await ask(page, WINE);
  await answered(page, 1);
});

pageTest('a first load that is cancelled is told, one that another model takes the place of is not', { stub: true }, async (page, context) => {
  const placeholder = () => page.getAttribute('#prompt', 'placeholder');
  await context.route('**/cosa-default.gguf', () => {}); // never comes
  await page.reload();
  await page.waitForSelector('.loading');
  assert.match(await placeholder(), /being opened/);
  await page.click('.loading .button');
  await page.waitForSelector('.banner:has-text("cancelled")');
  assert.match(await placeholder(), /No model is open/);
  assert.equal(await page.textContent('#model-name'), 'No model');
  await choose(page, 'library');
  await inForce(page, "Children's library");
  assert.equal(await page.locator('.starter:not([disabled])').count(), 0);
  await page.click('.banner button:text-is("Load the embedded model")');
  await page.waitForSelector('.loading');
  await page.click('#open-model');
  await page.setInputFiles('#model-files', { name: 'mine.gguf', mimeType: 'application/octet-stream', buffer: Buffer.from('GGUF') });
  await ready(page);
  assert.deepEqual([await page.textContent('#model-name'), await page.locator('.banner').count()], ['mine.gguf', 0]);
});

pageTest('a config chosen while a chat is opened holds in it, and a question sent at once says under which it is answered', {}, async (page) => {
  const given = () => texts(page, '.answer .given');
  await page.evaluate(() => {
    document.getElementById('new-chat').click();
    document.querySelector('#config-panel input[value=library]').click();
  });
  await inForce(page, "Children's library");
  await ask(page, WINE);
  await answered(page, 1);
  assert.match((await given())[0], /Alcohol is not allowed/);
  await page.evaluate((question) => {
    document.querySelector('#config-panel input[value=language]').click();
    document.getElementById('prompt').value = question;
    document.getElementById('send').click();
  }, WINE);
  await answered(page, 2);
  assert.match((await given())[1], /Alcohol is allowed/);
  assert.deepEqual(await labels(page), ["Answered under Children's library", 'Answered under Language school']);
  assert.deepEqual(await page.$$eval('#conversation > *', (nodes) => nodes.map((node) => node.classList[0])), ['question', 'answer', 'divider', 'question', 'answer']);
});

pageTest('a rule is written by three choices, put into the own config and read as it was meant', {}, async (page) => {
  await choose(page, 'custom');
  const text = () => page.inputValue('#custom-config');
  const add = async (topic, stance, part) => {
    await page.selectOption('select[aria-label=Topic]', topic);
    await page.selectOption('select[aria-label="Allowed or not"]', stance);
    if (part) await page.selectOption('select[aria-label=Exception]', `except ${part}`);
    await page.click('.rule-writer button');
  };
  await page.fill('#custom-config', '');
  await add('alcohol', 'is not allowed', 'cooking');
  assert.equal(await text(), 'Alcohol is not allowed, except cooking.');
  await add('everything else', 'is allowed');
  assert.equal(await page.isVisible('select[aria-label=Exception]'), false);
  assert.equal(await text(), 'Alcohol is not allowed, except cooking.\nEverything else is allowed.');
  // Another rule on a topic takes the place of the first; other text is never joined to it, nor lost.
  await add('alcohol', 'is allowed', 'law');
  assert.equal(await text(), 'Alcohol is allowed, except law.\nEverything else is allowed.');
  await page.fill('#custom-config', 'Be kind. Alcohol is allowed. Also:\n- tea');
  await page.locator('#custom-config').selectText();
  await add('alcohol', 'is not allowed');
  await add('medicine', 'is not allowed');
  await add('everything else', 'is allowed');
  assert.equal(await text(), 'Be kind. Alcohol is not allowed. Also:\n- tea\nMedicine is not allowed.\nEverything else is allowed.');
  assert.match(await page.textContent('#custom-state'), /Not applied yet/);
  await page.click('#config-panel button[type=submit]');
  await page.waitForSelector('#understood:has-text("medicine no")');
  assert.match(await page.textContent('#understood'), /else yes/);
});

pageTest('sentences that the model is not sure of are marked, and the reader sees what it is told', {}, async (page) => {
  const shown = (told, ...rules) => page.evaluate(async ({ told, rules }) => {
    const { ConfigPanel } = await import('./config-panel.js');
    const understood = document.createElement('div');
    ConfigPanel.prototype.showReading.call({ understood }, { rules, told }, 'Shop');
    return [...understood.children].map((child) => child.textContent);
  }, { told, rules });
  const rule = (readAs, sure = true, ...others) => ({
    rule: 'So.', readAs, probability: 0.5, sure, alternatives: others.map((says) => ({ says, probability: 0.2 })), decides: false,
  });
  const told = (text) => `So it is told: ${text} “else” are all other sensitive topics.`;
  const open = rule('else yes');
  assert.deepEqual(await shown('wine yes, else yes.', rule('wine yes'), { ...open, decides: true }),
    ['How the model reads “Shop”', 'So.wine yesSo.else yesdecides', told('wine yes, else yes.')]);
  for (const [text, rules, marked] of [
    ['wine no, else yes.', [rule('wine yes', false), open], 'So.wine yesnot sureSo.else yes'],
    ['wine no, gin no, else yes.', [rule('wine yes', false, 'gin no', '-'), open], 'So.wine yesor gin noor no rulenot sureSo.else yes'],
    ['wine yes, gin no, else yes.', [rule('wine yes', true, 'gin no'), open], 'So.wine yesor gin noSo.else yes'],
    ['else no.', [rule('not understood', false), open], 'So.not understoodnot sureSo.else yes'],
  ]) {
    const [, readings, follows, note] = await shown(text, ...rules);
    assert.equal(readings, marked);
    assert.equal(follows, told(text));
    assert.match(note, /not sure, it is told to refuse/);
  }
});

pageTest('a config and a message that do not fit are refused, and nothing typed is lost', {}, async (page) => {
  const own = 'Alcohol is not allowed. '.repeat(500);
  const editor = async () => [await page.isVisible('#custom-config'), await page.inputValue('#custom-config'), await page.locator('.banner').count()];
  await choose(page, 'custom');
  await page.fill('#custom-config', own);
  await page.click('#config-panel button[type=submit]');
  await page.waitForSelector('.banner:has-text("config_too_long")');
  await page.waitForSelector('#custom-state:has-text("Not in force.")');
  assert.equal(await page.textContent('#config-name'), 'Language school');
  assert.deepEqual(await editor(), [true, own, 1]);
  // Neither a pick nor the next visit applies what was refused.
  await choose(page, 'library');
  await inForce(page, "Children's library");
  await choose(page, 'custom');
  await page.waitForTimeout(200); // the engine would have refused it within
  assert.deepEqual(await editor(), [true, own, 0]);
  await page.reload();
  await ready(page);
  assert.equal(await page.textContent('#config-name'), "Children's library");
  const long = 'word '.repeat(400);
  await ask(page, long);
  await page.waitForSelector('.banner:has-text("message_too_long")');
  assert.equal(await page.inputValue('#prompt'), long);
  assert.equal(await page.locator('.question').count(), 0);
});

pageTest('hostile text is only text', {}, async (page) => {
  const hostile = ['[fine](https://example.org/)', '<script>window.pwned=1</script>', '<img src=x onerror="window.pwned=2">',
    'a <a href="javascript:window.pwned=3">b</a> c', '[d](javascript:window.pwned=4)', '[e](data:text/html,x)', '![f](https://example.org/f.png)',
    '<style>*{display:none}</style>', '<form action=/x><input></form>', '<svg onload="window.pwned=5"></svg>'].join('\n\n');
  await ask(page, hostile);
  await page.waitForSelector('.answer[aria-busy=false], .banner');
  const left = await page.evaluate(async (text) => {
    const { renderMarkdown } = await import('/markdown.js');
    const box = document.createElement('div');
    box.append(renderMarkdown(text));
    document.getElementById('conversation').append(box);
    await new Promise((resolve) => { setTimeout(resolve, 200); });
    return { pwned: window.pwned, tags: [...new Set([...box.querySelectorAll('*')].map((node) => node.localName))].sort(),
      links: [...box.querySelectorAll('a')].map((link) => [link.href, link.target, link.rel]), shown: box.textContent.includes('<img src=x') };
  }, hostile);
  const deep = `${'>'.repeat(10_000)} deeper than the parser goes`;
  assert.equal(await page.evaluate(async (text) => (await import('/markdown.js')).renderMarkdown(text).textContent, deep), deep);
  assert.deepEqual(left, { pwned: undefined, tags: ['a', 'p'], links: [['https://example.org/', '_blank', 'noopener noreferrer nofollow']], shown: true });
});

pageTest('Esc stops an answer and keeps what was said', { stub: true }, async (page) => {
  await ask(page, { prefill: 1, decode: 2000, stepMs: 5 });
  await page.waitForFunction(() => /2 3/.test(document.querySelector('.answer .body')?.textContent));
  await page.keyboard.press('Escape');
  await answered(page, 1);
  assert.match((await answers(page))[0], /2 3.*Stopped before the end/s);
  assert.equal(await page.getAttribute('#conversation', 'aria-busy'), 'false');
});

pageTest('a message stopped before the engine took it returns to the box', { stub: true }, async (page) => {
  await page.fill('#prompt', '{"decode":9}');
  await page.evaluate(() => {
    for (const key of ['Enter', 'Escape']) document.getElementById('prompt').dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  });
  await page.waitForFunction(() => document.getElementById('prompt').value === '{"decode":9}');
  assert.equal(await page.locator('.question').count(), 0);
});

pageTest('a config chosen while an answer is written waits for the next one', { stub: true }, async (page) => {
  await choose(page, 'language');
  await ask(page, { prefill: 1, decode: 2000, stepMs: 10 });
  await choose(page, 'library');
  await page.waitForSelector('text=takes effect with the next answer');
  await page.click('#stop');
  await answered(page, 1);
  await page.waitForSelector('.divider');
  assert.deepEqual(await labels(page), ['Answered under Language school']);
  assert.equal(await page.textContent('#config-name'), "Children's library");
});

pageTest('an own config that is written while another waits stays in view', { stub: true }, async (page) => {
  await ask(page, { prefill: 1, decode: 2000, stepMs: 10 });
  await choose(page, 'library');
  await page.waitForSelector('text=takes effect with the next answer');
  await choose(page, 'custom');
  await page.fill('#custom-config', 'Mine.');
  await page.click('#stop');
  await inForce(page, "Children's library");
  assert.deepEqual([await page.isVisible('#custom-config'), await page.isChecked('input[value=custom]')], [true, true]);
  assert.match(await page.textContent('#custom-state'), /Not applied yet/);
});

pageTest('a config that comes into force late is marked as what it is', { stub: true }, async (page) => {
  await choose(page, 'library');
  await ask(page, { decode: 3 });
  await answered(page, 1);
  await choose(page, 'custom');
  await page.fill('#custom-config', 'Mine.');
  await page.evaluate(() => {
    document.querySelector('#config-panel button[type=submit]').click();
    document.querySelector('#config-panel input[value=library]').click();
  });
  await page.waitForFunction(() => document.getElementById('live').textContent === "Config changed to Children's library.");
  assert.deepEqual([await page.textContent('#config-name'), await page.locator('.divider').count()], ["Children's library", 0], 'back to that of the answer, so without a mark');
});

pageTest('what is written while an own config waits stays as it is', { stub: true }, async (page) => {
  await ask(page, { prefill: 1, decode: 2000, stepMs: 10 });
  await choose(page, 'custom');
  await page.fill('#custom-config', 'First.');
  await page.click('#config-panel button[type=submit]');
  await page.waitForSelector('text=takes effect with the next answer');
  await page.fill('#custom-config', 'Second.');
  await page.click('#stop');
  await inForce(page, 'Your own config');
  assert.equal(await page.inputValue('#custom-config'), 'Second.');
  assert.match(await page.textContent('#custom-state'), /Not applied yet/);
});

for (const [what, script, code] of [['fails', { prefill: 1, decode: 9, failAt: 4 }, 'non_finite'], ['crashes', { prefill: 1, decode: 9, crashAt: 4 }, 'engine_crashed'],
  ['runs out of memory', { prefill: 1, decode: 9, fullAt: 3, crashAt: 4 }, 'out_of_memory']]) {
  pageTest(`an engine that ${what} gives the message back and the page goes on`, { stub: true }, async (page) => {
    await ask(page, script);
    await page.waitForSelector(`.banner:has-text("${code}")`);
    assert.equal(await page.inputValue('#prompt'), JSON.stringify(script));
    assert.equal(await page.locator('.question').count(), 0);
    if (what !== 'fails') await page.click('.banner button:has-text("Load the model again")');
    await ready(page);
    await ask(page, { decode: 3 });
    await answered(page, 1);
  });
}
