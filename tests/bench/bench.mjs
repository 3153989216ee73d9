/**
 * Measures the package, and wllama beside it, in one browser, in turns.
 *
 * node bench.mjs '{"model":"/path/x.gguf","threads":2,"rounds":3,"peer":true}'   prints one JSON line.
 */
import fs from 'node:fs';
import http from 'node:http';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TYPES = { '.js': 'text/javascript', '.html': 'text/html', '.wasm': 'application/wasm' };
const options = { threads: 2, rounds: 3, peer: true, prompt: 128, decode: 32, prefill: 512, long: 0, ...JSON.parse(process.argv[2]) };

const server = http.createServer(serve).listen(0, '127.0.0.1');
await once(server, 'listening');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run',
    '--disable-component-update', '--disable-sync', '--disable-quic', '--disable-extensions'],
});
try {
  const origin = `http://127.0.0.1:${server.address().port}`;
  const ours = await measure(origin, 'ours');
  const peer = options.peer ? await measure(origin, 'peer') : null;
  // In turns, so that what else the machine does meets both.
  const rounds = [];
  for (let round = 0; round < options.rounds; round += 1) {
    rounds.push({ ours: await ours.round(), peer: peer && await peer.round() });
  }
  const long = options.long ? await ours.page.evaluate((n) => window.decodeAt(n), options.long) : null;
  console.log(JSON.stringify({ ours: ours.load, peer: peer?.load ?? null, rounds, long }));
} finally {
  await browser.close();
  server.close();
}

/** A page with one engine and the model loaded. */
async function measure(origin, name) {
  const page = await (await browser.newContext()).newPage();
  page.on('pageerror', (error) => console.error(error.message));
  await page.goto(`${origin}/blank.html`);
  const load = await page.evaluate(name === 'ours' ? loadOurs : loadPeer, options);
  return { page, load, round: () => page.evaluate(() => window.round()) };
}

/** Runs in the page. Single letters and spaces are one token each in the vocabulary of `cosa bench model`. */
async function loadOurs({ threads, prompt, decode, prefill, long }) {
  const { ChatModel } = await import('/pkg/index.js');
  const text = (length, shift) => Array.from({ length }, (_, i) => `${String.fromCharCode(97 + ((i + shift) * 7) % 26)} `).join('').slice(0, length);
  const start = performance.now();
  const contextLength = Math.max(prefill, long) + decode;
  const model = await ChatModel.load('/model.gguf', { threads, contextLength });
  const loadMs = performance.now() - start;
  const complete = async (length, maxTokens, shift = 0) => {
    const generation = model.complete(text(length, shift), { maxTokens, ignoreEos: true });
    let answer = '';
    for await (const piece of generation) answer += piece;
    return { ...generation.stats, answer };
  };
  const first = await complete(1, 1);
  const firstTokenMs = performance.now() - start;
  await complete(prompt, 8); // lets the browser's optimising compiler finish
  const rates = ({ promptTokens, prefillMs, decodedTokens, decodeMs }) => ({ prefill: (promptTokens * 1000) / prefillMs, decode: ((decodedTokens - 1) * 1000) / decodeMs });
  window.round = async () => {
    const { decode: decodeRate } = rates(await complete(prompt, decode));
    const { prefill: prefillRate } = rates(await complete(prefill, 1));
    return { decode: decodeRate, prefill: prefillRate };
  };
  // Beside the short past just before and just after it.
  window.decodeAt = async (length) => {
    const short = async () => rates(await complete(prompt, decode)).decode;
    const before = await short();
    const long = rates(await complete(length, decode));
    return { ...long, ratio: (2 * long.decode) / (before + await short()) };
  };
  const { answer } = await complete(prompt, decode);
  return { loadMs, firstTokenMs, answer, info: model.info, memory: await model.memoryBytes(), promptTokens: first.promptTokens };
}

/** Runs in the page. */
async function loadPeer({ threads, prompt, decode, prefill }) {
  const { Wllama } = await import('/node_modules/@wllama/wllama/esm/index.js');
  const quiet = { debug() {}, log() {}, warn() {}, error: console.error };
  const wllama = new Wllama({ default: '/node_modules/@wllama/wllama/esm/wasm/wllama.wasm' }, { logger: quiet });
  const text = (length) => Array.from({ length }, (_, i) => `${String.fromCharCode(97 + (i * 7) % 26)} `).join('').slice(0, length);
  const start = performance.now();
  await wllama.loadModelFromUrl(new URL('/model.gguf', location.href).href, { n_threads: threads, n_ctx: 2048, n_batch: 512, n_gpu_layers: 0, useCache: false });
  const loadMs = performance.now() - start;
  const complete = (length, maxTokens) => wllama.createCompletion({ prompt: text(length), max_tokens: maxTokens, temperature: 0, ignore_eos: true, cache_prompt: false });
  await complete(1, 1);
  const firstTokenMs = performance.now() - start;
  await complete(8, 8);
  window.round = async () => {
    const { timings: decoding } = await complete(prompt, decode);
    const { timings: prefilling } = await complete(prefill, 1);
    return { decode: decoding.predicted_per_second, prefill: prefilling.prompt_per_second };
  };
  return { loadMs, firstTokenMs };
}

function serve(request, response) {
  const name = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
  response.setHeader('Cache-Control', 'no-store');
  if (name === '/blank.html') return response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>bench</title>');
  const file = name === '/model.gguf' ? options.model
    : name.startsWith('/pkg/') ? path.join(ROOT, name)
    : path.join(ROOT, 'tests', name);
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (!stat?.isFile()) return response.writeHead(404).end();
  response.writeHead(200, { 'Content-Type': TYPES[path.extname(file)] ?? 'application/octet-stream', 'Content-Length': stat.size });
  fs.createReadStream(file, { highWaterMark: 1 << 20 }).pipe(response);
}
