/** The line of numbers under the message box, and the words that a screen reader hears. */
import { $, el } from './dom.js';

export const megabytes = (bytes) => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(1)} MB`);
const millis = (ms) => (ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms)} ms`);
const speed = ({ decodedTokens, decodeMs }) => (decodeMs > 0 ? `${((decodedTokens / decodeMs) * 1000).toFixed(1)} tok/s` : '–');

export const millions = (count) => (count >= 1e9 ? `${(count / 1e9).toFixed(1)}B` : `${(count / 1e6).toFixed(1)}M`);

/** @param {object} info of the model @param {object | null} stats of the last answer @param {number} [memory] in bytes */
export function showStatus(info, stats, memory) {
  if (!info) { $('status').replaceChildren(); return; }
  const used = stats?.tokensInContext ?? 0;
  const room = stats?.contextLength ?? info.contextLength;
  const rows = [
    ['Speed', stats ? speed(stats) : '–', 'Tokens decoded per second'],
    ['First token', stats ? millis(stats.timeToFirstTokenMs) : '–', 'Time from sending to the first token'],
    ['Cached', stats ? `${stats.cachedTokens}/${stats.promptTokens}` : '–', 'Prompt tokens that did not have to be read again'],
    ['Context', `${used}/${room}`, 'Tokens in the context, and how many fit'],
    ['Memory', memory ? megabytes(memory) : '–', 'Memory of the engine'],
    ['Backend', `${info.backend} ${info.backendDetail}, ${info.threads === 1 ? '1 thread' : `${info.threads} threads`}`, info.threadsReason],
  ];
  $('status').replaceChildren(...rows.map(([name, value, title]) => el('div', { title, 'data-name': name }, el('dt', {}, name), el('dd', {}, value))));
  const bar = el('meter', { max: room, value: used, 'aria-hidden': 'true' });
  $('status').querySelector('[data-name=Context] dd').append(bar);
}

/** Says something to screen readers, politely: whole answers and changes, never single tokens. */
export function announce(text) {
  $('live').textContent = '';
  setTimeout(() => { $('live').textContent = text; }, 50);
}
