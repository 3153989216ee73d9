/** Serves the page, the package and the test data, and misbehaves on request. */
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SHARED = process.env.COSA_SHARED ?? path.join(ROOT, '../shared');
export const CONFORMANCE = path.join(SHARED, 'conformance');
export const DATA = path.join(ROOT, 'tests/data');
const MODEL = path.join(ROOT, 'pkg/models/cosa-default.gguf');

/** Address prefixes and their folders; the first that fits serves. */
const FOLDERS = [
  ['/pkg/', path.join(ROOT, 'pkg')],
  ['/stub/', path.join(ROOT, 'pkg')],       // the package over stub_engine.js
  ['/no-engine/', path.join(ROOT, 'pkg')],  // the package before its wasm was built
  ['/no-worker/', path.join(ROOT, 'pkg')],  // the package with a file missing
  ['/no-helper/', path.join(ROOT, 'pkg')],
  ['/lost-helper/', path.join(ROOT, 'pkg')], // the package with helpers that start and then fail
  ['/small-memory/', path.join(ROOT, 'pkg')], // the package on a machine that has few megabytes left
  ['/plain/', path.join(ROOT, 'pkg')],      // the package as a browser without relaxed SIMD takes it
  ['/conformance/', CONFORMANCE],
  ['/data/', DATA],
  ['/', path.join(ROOT, 'www')],
];

const REPLACED = {
  '/stub/wasm/relaxed-simd/cosa.js': fileURLToPath(new URL('stub_engine.js', import.meta.url)),
  '/plain/wasm/relaxed-simd/cosa.js': path.join(ROOT, 'pkg/wasm/simd/cosa.js'),
  '/plain/wasm/relaxed-simd/cosa_bg.wasm': path.join(ROOT, 'pkg/wasm/simd/cosa_bg.wasm'),
};
const MISSING = new Set(['/no-engine/wasm/relaxed-simd/cosa.js', '/no-worker/worker.js', '/no-helper/helper.js']);

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css',
  '.wasm': 'application/wasm', '.json': 'application/json', '.svg': 'image/svg+xml' };

const BLANK = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>blank</title>'
  + '<script type="importmap">{"imports":{"cosa-web":"/pkg/index.js"}}</script>';

/** It fails only behind the second message: nobody begins who has not been told that it counts. */
const LOST_HELPER = `self.onmessage = () => {
  self.onmessage = () => setTimeout(() => self.postMessage({ failure: 'RuntimeError: unreachable' }), 100);
  self.postMessage({});
};`;

/** Answers made for tests. */
const ROUTES = {
  '/lost-helper/helper.js': (request, response) => sendText(response, 'text/javascript', LOST_HELPER),
  '/small-memory/wasm/relaxed-simd/cosa.js': sendSmallMemory,
  '/test/blank.html': (request, response) => sendText(response, 'text/html; charset=utf-8', BLANK),
  '/test/web-page.gguf': (request, response) => sendText(response, 'text/html; charset=utf-8', '<!DOCTYPE html><html><h1>Sign in</h1></html>'),
  '/test/broken.gguf': (request, response) => { response.writeHead(500).end('out of order'); },
  '/test/slow.gguf': sendSlowly,
  '/test/zipped.gguf': sendZipped,
  '/test/cut.gguf': sendCut,
  '/test/cut-without-length.gguf': (request, response) => { response.end(fs.readFileSync(MODEL).subarray(0, 1_000_000)); },
};

/** `log.closed` notes the addresses whose reader left before the end. */
export function makeServer({ isolated, log }) {
  return http.createServer((request, response) => {
    const name = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    response.on('close', () => { if (!response.writableFinished) log.closed.push(name); });
    response.setHeader('Cache-Control', 'no-store');
    if (isolated) {
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    }
    if (ROUTES[name]) ROUTES[name](request, response);
    else if (MISSING.has(name)) notFound(response);
    else sendFile(response, REPLACED[name] ?? fileOf(name));
  });
}

function fileOf(name) {
  const [prefix, folder] = FOLDERS.find(([prefix]) => name.startsWith(prefix));
  const file = path.join(folder, name.slice(prefix.length) || 'index.html');
  return file.startsWith(folder + path.sep) ? file : undefined;
}

function sendFile(response, file) {
  const stat = file && fs.statSync(file, { throwIfNoEntry: false });
  if (!stat?.isFile()) return notFound(response);
  response.writeHead(200, { 'Content-Type': TYPES[path.extname(file)] ?? 'application/octet-stream', 'Content-Length': stat.size });
  fs.createReadStream(file).pipe(response);
}

function sendText(response, type, text) {
  response.writeHead(200, { 'Content-Type': type }).end(text);
}

function notFound(response) {
  response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not found');
}

/** The engine with memory for itself and half of the embedded model: growing it fails from there on. */
function sendSmallMemory(request, response) {
  const pages = fs.statSync(MODEL).size / 2 / 65536;
  const engine = fs.readFileSync(path.join(ROOT, 'pkg/wasm/relaxed-simd/cosa.js'), 'utf8');
  const small = engine.replace(/initial:(\d+),maximum:\d+/, (_, initial) => `initial:${initial},maximum:${Math.round(Number(initial) + pages)}`);
  if (small === engine) throw new Error('the engine makes its memory in another way than this test knows');
  sendText(response, 'text/javascript', small);
}

/** The embedded model at about 1 MB a second. */
async function sendSlowly(request, response) {
  const bytes = fs.readFileSync(MODEL);
  response.writeHead(200, { 'Content-Length': bytes.length });
  for (let at = 0; at < bytes.length && !response.destroyed; at += 50_000) {
    response.write(bytes.subarray(at, at + 50_000));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  response.end();
}

/** The embedded model compressed on its way, to pages of any origin: they are not told that it is. */
function sendZipped(request, response) {
  const bytes = zlib.gzipSync(fs.readFileSync(MODEL), { level: 1 });
  response.writeHead(200, { 'Access-Control-Allow-Origin': '*', 'Content-Encoding': 'gzip', 'Content-Length': bytes.length });
  response.end(bytes);
}

/** Announces the whole model and hangs up in the middle of it. */
function sendCut(request, response) {
  const bytes = fs.readFileSync(MODEL);
  response.writeHead(200, { 'Content-Length': bytes.length });
  response.write(bytes.subarray(0, 1_000_000), () => setTimeout(() => response.destroy(), 100));
}
