/** Three choices that write a rule in the one form which a model that tells its topics reads every time. */
import { el } from './dom.js';

const OTHERS = 'everything else';

export class RuleWriter {
  /** @param {(rule: string) => void} onWrite called with a whole sentence */
  constructor(onWrite) {
    this.topic = el('select', { 'aria-label': 'Topic', onchange: () => this.#showParts() });
    this.stance = el('select', { 'aria-label': 'Allowed or not' }, el('option', {}, 'is allowed'), el('option', {}, 'is not allowed'));
    this.part = el('select', { 'aria-label': 'Exception' });
    this.node = el('fieldset.rule-writer', { hidden: true }, el('legend', {}, 'Add a rule in plain words'),
      this.topic, this.stance, this.part,
      el('button.button', { type: 'button', onclick: () => onWrite(this.#rule()) }, 'Add'));
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

  #rule() {
    const topic = this.topic.value;
    const except = this.part.value && `, except ${this.part.value}`;
    return `${topic[0].toUpperCase()}${topic.slice(1)} ${this.stance.value}${except}.`;
  }
}
