/**
 * A browser with a page, a server that serves the package to it, and a watch on all else that it asks for.
 *
 * No test needs the network: what pages and workers ask of another origin is noted, and all traffic but
 * the loopback's, the browser's own included, ends at a proxy that refuses it.
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { makeServer } from './server.mjs';

const ARGS = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run',
  '--disable-component-update', '--disable-sync', '--disable-quic', '--disable-extensions', '--disable-default-apps'];

/** Milliseconds to wait for what a page is to show, on a slow machine that does other things too. */
const PATIENCE = 120_000;

/** Starts browser and server. `isolated: false` leaves out COOP and COEP. */
export async function startHarness({ isolated = true } = {}) {
  const foreign = [];
  const log = { closed: [] };
  const server = await listen(makeServer({ isolated, log }));
  const proxy = await listen(makeProxy());
  const origin = address(server);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [...ARGS, `--proxy-server=${address(proxy)}`],
  });
  const openContext = async (options) => {
    const context = await browser.newContext(options);
    context.setDefaultTimeout(PATIENCE);
    return context;
  };
  const context = await openContext();
  await context.addInitScript(inPage);
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && url.origin !== origin) foreign.push(url.href);
  });
  return {
    origin, browser, context, foreign, log, openContext,
    async openPage(path = '/test/blank.html') {
      const page = await context.newPage();
      page.on('pageerror', (error) => console.error('page error:', error.message));
      await page.goto(origin + path);
      return page;
    },
    async close() {
      await browser.close();
      for (const listening of [server, proxy]) {
        listening.closeAllConnections();
        listening.close();
      }
      assert.deepEqual(foreign, [], 'requests to hosts that no test named');
    },
  };
}

/** Waits until it holds, or patience ends: what is told to nobody has to be looked for. */
export async function until(holds) {
  for (const end = Date.now() + PATIENCE; !holds() && Date.now() < end;) await setTimeout(20);
}

/** Waits until a page has that many workers; the browser tells of an ended one a moment later. */
export async function workersLeft(page, count) {
  await until(() => page.workers().length === count);
  assert.equal(page.workers().length, count);
}

/** What every page of a test can use: `settle`, `collect`, `pause`. Runs in the page. */
function inPage() {
  /** `{ value }`, or what the error says of itself. */
  window.settle = async (promise) => {
    try {
      return { value: await promise };
    } catch (error) {
      return { name: error.name, code: error.code, message: error.message };
    }
  };
  /** The whole text of a generation. */
  window.collect = async (pieces) => {
    let text = '';
    for await (const piece of pieces) text += piece;
    return text;
  };
  window.pause = (milliseconds) => new Promise((resolve) => window.setTimeout(resolve, milliseconds));
}

/** Goes nowhere. */
function makeProxy() {
  const proxy = http.createServer((request, response) => { response.writeHead(502).end(); });
  return proxy.on('connect', (request, socket) => {
    socket.on('error', () => {}); // the browser may have gone already
    socket.end('HTTP/1.1 502 Refused\r\n\r\n');
  });
}

async function listen(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function address(server) {
  return `http://127.0.0.1:${server.address().port}`;
}
