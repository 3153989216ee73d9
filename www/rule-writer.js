/** Three choices that write a rule in the plainest words, on the topics that a model tells. */
import { el } from './dom.js';

const OTHERS = 'everything else';

export class RuleWriter {
  /** @param {(topic: string, rule: string) => void} onWrite called with a whole sentence, and the topic as it stands in it */
  constructor(onWrite) {
    this.onWrite = onWrite;
    this.topic = el('select', { 'aria-label': 'Topic', onchange: () => this.#showParts() });
    this.stance = el('select', { 'aria-label': 'Allowed or not' }, el('option', {}, 'is allowed'), el('option', {}, 'is not allowed'));
    this.part = el('select', { 'aria-label': 'Exception' });
    this.node = el('fieldset.rule-writer', { hidden: true }, el('legend', {}, 'Add a rule in plain words'),
      this.topic, this.stance, this.part,
      el('button.button', { type: 'button', onclick: () => this.#write() }, 'Add'));
  }

  /** Offers the topics of the open model, or nothing where it tells none. */
  show(topics = []) {
    this.topics = topics;
    this.node.hidden = topics.length === 0;
    this.topic.replaceChildren(...[...topics.map(({ name }) => name), OTHERS].map((name) => el('option', {}, name)));
    this.#showParts();
  }

  #showParts() {
    const { parts } = this.topics.find(({ name }) => name === this.topic.value) ?? { parts: [] };
    this.part.replaceChildren(el('option', { value: '' }, 'without exception'), ...parts.map((part) => el('option', { value: part }, `except ${part}`)));
    this.part.hidden = parts.length === 0;
  }

  #write() {
    const topic = `${this.topic.value[0].toUpperCase()}${this.topic.value.slice(1)}`;
    const except = this.part.value && `, except ${this.part.value}`;
    this.onWrite(topic, `${topic} ${this.stance.value}${except}.`);
  }
}

/**
 * The text with the rule in place of all earlier ones of this form on its topic, or else in a line of its own
 * behind all; before all where the text ends in a heading, which would take it in.
 */
export function withRule(text, topic, rule) {
  const name = topic.replace(/[^\w\s]/g, '\\$&');
  const earlier = new RegExp(`(?<=(^|[\\n.!?;:])[^\\p{L}\\n]*)${name} is (not )?allowed(, except [^.;!?\\n]*)?\\.[^\\S\\n]*`, 'giu');
  let written = false;
  const once = () => { const first = !written; written = true; return first ? `${rule} ` : ''; };
  const replaced = text.replace(earlier, once).replace(/ +$/gm, '');
  if (written) return replaced;
  const all = text.trim() ? [text.trimEnd(), rule] : [rule];
  return (text.trimEnd().endsWith(':') ? all.reverse() : all).join('\n');
}
