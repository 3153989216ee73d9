/**
 * Small helpers for building elements without HTML strings: no text of a user or a model is ever parsed as HTML here.
 */

/** `el('p.note', { title }, 'text', child)` makes an element. Functions named `on…` become listeners. */
export function el(selector, props = {}, ...children) {
  const [tag, ...classes] = selector.split('.');
  const node = document.createElement(tag || 'div');
  if (classes.length) node.className = classes.join(' ');
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name in node && typeof value !== 'string') node[name] = value;
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** An icon from the sprite in index.html. */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

/** `svg('line', { x1: '0' }, …)` makes an SVG element. */
export function svg(name, props = {}, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(props)) node.setAttribute(key, String(value));
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Hands the reader a file. */
export function save(name, type, text) {
  const link = el('a', { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

export const $ = (id) => document.getElementById(id);

/** Where the focus goes when the button is gone that had it: the box of the tab that is shown. */
export const focusBack = () => $($('panel-chat').hidden ? 'evaluate-form' : 'prompt').focus();

/** Closes a dialog at a click beside it; one that began inside, as when text is selected, is none. */
export function closesBeside(dialog) {
  const isBeside = ({ clientX: x, clientY: y }) => {
    const { left, right, top, bottom } = dialog.getBoundingClientRect();
    return x < left || x > right || y < top || y > bottom;
  };
  let began = false;
  dialog.addEventListener('pointerdown', (event) => { began = isBeside(event); });
  dialog.addEventListener('click', (event) => { if (event.target === dialog && began && isBeside(event)) dialog.close(); });
}

/** Storage that may be absent (private windows, blocked cookies) must not stop the page. */
export const remember = {
  get(key) { try { return JSON.parse(localStorage.getItem(`cosa.${key}`)); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(`cosa.${key}`, JSON.stringify(value)); } catch { /* not remembered */ } },
};
