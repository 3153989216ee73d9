/**
 * Markdown to a sanitised fragment.
 *
 * A model's text is hostile input. Two walls: marked never emits the HTML or the pictures that stand in the text
 * (they show as text), and DOMPurify lets only the listed tags and attributes through.
 */
import { Marked } from 'marked';
import createDOMPurify from 'dompurify';
import { el } from './dom.js';

const purify = createDOMPurify(window);

const escape = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    html: ({ text, block }) => (block ? `<p>${escape(text)}</p>` : escape(text)),
    image: ({ text, href }) => escape(`![${text}](${href})`),
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
  },
});

const allowed = {
  ALLOWED_TAGS: ['p', 'br', 'hr', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'strong', 'em', 'del', 'code', 'pre', 'blockquote',
    'ul', 'ol', 'li', 'a', 'table', 'thead', 'tbody', 'tr', 'th', 'td'],
  ALLOWED_ATTR: ['href', 'start', 'align'],
  ALLOWED_URI_REGEXP: /^(?:https?:\/\/|mailto:)/i,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};

/** Links open apart, carry no referrer, and show where they lead; a link without an accepted address is only text. */
function finishLinks(fragment) {
  for (const link of fragment.querySelectorAll('a')) {
    const href = link.getAttribute('href');
    if (!href) { link.replaceWith(...link.childNodes); continue; }
    link.target = '_blank';
    link.rel = 'noopener noreferrer nofollow';
    link.title = `Opens ${href} in a new tab`;
  }
}

/** Wide content scrolls in its own box, which the keyboard can reach. */
function finishWide(fragment) {
  for (const wide of fragment.querySelectorAll('pre, table')) {
    const box = document.createElement('div');
    box.className = 'wide-box';
    box.tabIndex = 0;
    box.setAttribute('role', 'group');
    box.setAttribute('aria-label', wide.localName === 'pre' ? 'Code' : 'Table');
    wide.replaceWith(box);
    box.append(wide);
  }
}

function render(text) {
  const fragment = purify.sanitize(marked.parse(text), allowed);
  finishLinks(fragment);
  finishWide(fragment);
  return fragment;
}

/** What is nested too deeply for marked, which throws then, is shown as it stands. @param {string} text @returns {Node} */
export function renderMarkdown(text) {
  try { return render(text); } catch { return el('p', {}, text); }
}
