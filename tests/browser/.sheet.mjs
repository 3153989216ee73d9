import { startHarness } from './harness.mjs';
import fs from 'node:fs';
const h = await startHarness();
const page = await h.browser.newPage({ viewport: { width: 2000, height: 850 } });
for (const [out, filter] of [['p1', /^[1-5].*light-390/], ['p2', /^[6-9].*light-390/], ['p3', /^[1-5].*dark-390/], ['p4', /^[6-9].*dark-390/]]) {
  const files = fs.readdirSync('/tmp/shots').filter((f) => filter.test(f)).sort();
  await page.setContent(files.map((f) => `<img style="float:left;margin-right:8px" src="data:image/png;base64,${fs.readFileSync('/tmp/shots/' + f).toString('base64')}">`).join(''));
  await page.waitForTimeout(300);
  await page.screenshot({ path: `/tmp/shots/sheet-${out}.png` });
}
await h.close();
