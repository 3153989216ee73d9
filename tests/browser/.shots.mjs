import { startHarness } from './harness.mjs';
const h = await startHarness();
const errors = [];
for (const [scheme, width] of [['light', 1200], ['dark', 390], ['dark', 1200], ['light', 390]]) {
  const c = await h.browser.newContext({ viewport: { width, height: width > 500 ? 860 : 844 }, colorScheme: scheme });
  const page = await c.newPage();
  page.on('pageerror', (e) => errors.push(e.stack)); page.on('console', (m) => { if (m.type() !== 'log') errors.push(m.text()); });
  await page.goto(`${h.origin}/#evaluate`);
  const shot = (n, full) => page.screenshot({ path: `/tmp/shots/${n}-${scheme}-${width}.png` });
  try {
    await page.waitForSelector('.evaluate-buttons button:not([disabled]):text-is("Start")', { timeout: 8000 });
    await shot('1start');
    await page.fill('#evaluate-limit', '2');
    await page.waitForTimeout(600);
    await page.click('.evaluate-buttons button:text-is("Start")');
    await page.waitForSelector('.notice-box button', { timeout: 15000 });
    await page.waitForFunction(() => /complete/.test(document.querySelector('.progress-text').textContent));
    if (width < 500) await page.locator('.head').scrollIntoViewIfNeeded();
    await page.waitForTimeout(300);
    await shot('2notice');
    for (const name of ['cascade-oracle', 'ica-5shot']) await page.check(`input[value=${name}]`);
    await page.waitForTimeout(500);
    await page.click('.evaluate-buttons button:visible');
    await page.waitForSelector('.notice-box button', { timeout: 15000 }).catch(() => {});
    await page.click('.notice-box button');
    await page.waitForFunction(() => /^([2-9]\d) of 81, /.test(document.querySelector('.progress-text').textContent), null, { timeout: 20000 });
    await page.waitForTimeout(600);
    if (width < 500) await page.evaluate(() => document.querySelector('.head').scrollIntoView());
    await shot('3live');
    await page.waitForFunction(() => /complete/.test(document.querySelector('.progress-text').textContent), null, { timeout: 60000 });
    await page.waitForTimeout(400);
    await shot('4done');
    const box = width > 500 ? '#evaluate-results' : '#panel-evaluate';
    for (const [n, sel] of [['5tables', '.types'], ['6judge', '.judge'], ['7responses', '.responses']]) {
      await page.evaluate((s) => document.querySelector(s).scrollIntoView(), sel);
      if (n === '7responses') { await page.click('.response >> nth=0'); await page.click('.response >> nth=2'); }
      await page.waitForTimeout(150);
      await shot(n);
    }
    await page.click('#rate');
    await page.keyboard.press('4'); await page.keyboard.press('v'); 
    await page.waitForTimeout(200); await shot('8rate');
    await page.keyboard.press('Enter'); 
    for (let i = 0; i < 12; i++) { await page.keyboard.press(String(i % 6)); await page.keyboard.press(i % 3 ? 'f' : 'v'); await page.keyboard.press('Enter'); }
    await page.evaluate(() => document.querySelector('.compare').scrollIntoView());
    await page.waitForTimeout(200); await shot('9agree');
    console.log(scheme, width, 'sideways', await page.evaluate(() => [...document.querySelectorAll('html, .frame, main, aside, .results')].filter((b) => b.scrollWidth > b.clientWidth && b.clientWidth).map((b) => b.className || b.localName)));
  } catch (e) { console.log(scheme, width, e.message.slice(0, 600)); await shot('fail'); }
  await c.close();
}
console.log(errors.slice(0, 8));
await h.close();
