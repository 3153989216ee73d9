import { startHarness } from './harness.mjs';
const h = await startHarness();
const c = await h.browser.newContext({ viewport: { width: 800, height: 900 } });
const page = await c.newPage();
await page.addInitScript(() => localStorage.setItem('cosa.settings', JSON.stringify({ contextLength: 1024 })));
await page.goto(`${h.origin}/#evaluate`);
await page.waitForSelector('.evaluate-buttons button:not([disabled]):text-is("Start")');
await page.setInputFiles('#task-file', { name: 'wine.jsonl', mimeType: 'text/plain', buffer: Buffer.from(
  ['Alcohol is allowed.', 'Alcohol is not allowed.'].flatMap((scenario) => ['Which food goes well with red wine?', 'Where does a bee live?', 'Is wine good with cheese?'].map((prompt) => JSON.stringify({ prompt, scenario, type: scenario.includes('not') && /wine/.test(prompt) ? 'disallowed' : 'allowed' }))).join('\n')) });
for (const n of ['numbered-rules', 'best-of-4', 'cascade-oracle']) await page.check(`input[value=${n}]`);
await page.waitForTimeout(600);
await page.screenshot({ path: '/tmp/shots/m1.png' });
await page.click('.evaluate-buttons button:visible');
await page.waitForTimeout(700);
// second tab: same plan
const two = await c.newPage();
await two.goto(`${h.origin}/#evaluate`);
await page.waitForFunction(() => /^All/.test(document.querySelector('.state').textContent));
await page.evaluate(() => document.querySelector('.head').scrollIntoView());
await page.screenshot({ path: '/tmp/shots/m2.png' });
await page.evaluate(() => document.querySelector('.types').scrollIntoView());
await page.screenshot({ path: '/tmp/shots/m3.png' });
// lock
await page.click('input[value=builtin]'); await page.waitForTimeout(600);
await page.click('.evaluate-buttons button:visible');
await two.reload(); await two.waitForTimeout(1500);
await two.click('.evaluate-buttons button:visible'); await two.waitForTimeout(500);
console.log('second tab:', await two.textContent('.evaluate-foot'));
await page.click('#tab-chat'); await page.waitForTimeout(200);
await page.screenshot({ path: '/tmp/shots/m4.png' });
await h.close();
