/** The conversation as it is seen: questions, labelled answers, dividers and notices. Knows no engine. */
import { el, icon } from './dom.js';
import { renderMarkdown } from './markdown.js';

const endings = {
  abort: 'Stopped before the end.',
  length: 'Stopped at the maximum length set in the settings.',
  context: 'Stopped because the context is full.',
};

export class Conversation {
  #root;
  #scroller;
  #toEnd;
  #follow = true;

  constructor(root, scroller, toEnd) {
    Object.assign(this, { turns: 0 });
    this.#root = root;
    this.#scroller = scroller;
    this.#toEnd = toEnd;
    scroller.addEventListener('scroll', () => {
      this.#follow = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 60;
      toEnd.hidden = this.#follow;
    }, { passive: true });
    toEnd.addEventListener('click', () => this.toEnd());
  }

  /** Keeps the newest line in view, unless the reader has scrolled up. */
  settle() {
    if (this.#follow) this.#scroller.scrollTop = this.#scroller.scrollHeight;
    else this.#toEnd.hidden = false;
  }

  toEnd() { this.#follow = true; this.#toEnd.hidden = true; this.settle(); }

  #append(node) {
    this.#root.append(node);
    this.settle();
    return node;
  }

  clear() {
    this.#root.replaceChildren();
    this.turns = 0;
    this.lastAnswer = null;
  }

  question(text) {
    this.turns += 1;
    const node = this.#append(el('article.question', { 'aria-label': 'You' }, el('p', {}, text)));
    this.toEnd();
    return node;
  }

  /** Opens an answer under `config`; see `Answer`. */
  answer(config, onAgain) {
    const answer = new Answer(config, () => this.settle(), onAgain);
    this.#root.setAttribute('aria-busy', 'true');
    this.#append(answer.node);
    this.lastAnswer = answer;
    return answer;
  }

  idle() { this.#root.setAttribute('aria-busy', 'false'); }

  /** Takes a question and its answer out again. */
  remove(...nodes) {
    nodes.forEach((node) => node?.remove());
    this.turns = this.#root.querySelectorAll('.question').length;
  }

  notice(text) { return this.#append(el('p.notice', {}, text)); }

  /** Marks a switch of the config. Switches without an answer between them leave one mark, and a switch back leaves none. */
  divider(config, onAsk) {
    const last = this.#root.lastElementChild;
    if (last?.classList.contains('divider')) last.remove();
    if (this.lastAnswer?.config.text === config.text) return;
    this.#append(el('div.divider', { 'data-config': config.id },
      el('p', { role: 'separator', 'aria-label': `Config changed to ${config.name}` }, el('i.dot'), `Config changed to ${config.name}`)));
    if (onAsk) this.#root.lastElementChild.append(el('button.button', { onclick: onAsk }, icon('again'), 'Ask the same again'));
    this.settle();
  }
}

const spoken = (says) => says === '-' ? 'no rule' : says;

/** Each rule beside what the model took it to say, and may have taken it to say; those that it is not sure of and those that decided are marked. */
export const readings = (rules) => el('dl.readings', {}, ...rules.flatMap(({ rule, readAs, sure, alternatives, decides }) => [
  el('dt', {}, rule),
  el('dd', {}, spoken(readAs), ...alternatives.map(({ says }) => el('i', {}, `or ${spoken(says)}`)), !sure && el('em', {}, 'not sure'), decides && el('strong', {}, 'decides')),
]));

/** One answer while it is written and after. */
class Answer {
  #text = '';
  #frame = 0;

  constructor(config, settle, onAgain) {
    Object.assign(this, { config, settle, onAgain });
    const shown = this.given = el('p.given', { hidden: true }, config.text);
    const label = el('button.label', {
      'aria-expanded': 'false', title: 'Show the text of this config',
      onclick: () => { shown.hidden = !shown.hidden; label.setAttribute('aria-expanded', String(!shown.hidden)); },
    }, el('i.dot', { 'aria-hidden': 'true' }), el('span.visually-hidden', {}, 'Answered under '), config.name);
    this.rationale = el('p', {});
    this.details = el('details.rationale', { hidden: true }, el('summary', {}, 'Rationale'), this.rationale);
    this.wait = el('p.waiting', {}, el('span.pulse', { 'aria-hidden': 'true' }), el('span', {}, 'Reading'));
    this.body = el('div.body');
    this.foot = el('div.foot');
    this.node = el('article.answer.writing', { 'data-config': config.id, 'aria-label': `Answer under ${config.name}`, 'aria-busy': 'true' },
      label, shown, this.details, this.wait, this.body, this.foot);
  }

  get text() { return this.#text; }

  progress({ done, total, cached }) {
    this.wait.lastChild.textContent = `Reading ${done} of ${total} tokens${cached ? `, ${cached} known` : ''}`;
  }

  reasoning(piece) {
    this.details.hidden = false;
    this.rationale.append(piece);
    this.settle();
  }

  /** Renders at most once a frame: Markdown of a long answer is not free. */
  piece(piece) {
    this.#text += piece;
    this.wait.hidden = true;
    this.#frame ||= requestAnimationFrame(() => this.#render());
  }

  #render() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.body.replaceChildren(renderMarkdown(this.#text));
    this.settle();
  }

  /** @param {{ finishReason: string, rules?: import('../pkg/index.js').RuleReading[], safetyConfig: { text: string, hash: string } | null }} record the answer as the engine's transcript keeps it */
  finish(record) {
    this.#render();
    this.wait.remove();
    if (record.safetyConfig) this.given.replaceChildren(record.safetyConfig.text, el('small', {}, `SHA-256 ${record.safetyConfig.hash}`));
    if (record.rules) this.details.append(el('div', {}, 'How it read the config'), readings(record.rules));
    this.node.classList.remove('writing');
    this.node.setAttribute('aria-busy', 'false');
    if (!this.#text.trim() && record.finishReason !== 'abort') this.body.append(el('p.note', {}, 'The model ended its answer without a word.'));
    if (endings[record.finishReason]) this.body.append(el('p.note', {}, endings[record.finishReason]));
    this.foot.append(this.#copyButton(), el('button.button.again', { onclick: this.onAgain }, icon('again'), 'Regenerate'));
    this.settle();
  }

  #copyButton() {
    const button = el('button.button.copy', { onclick: async () => {
      let label = 'Copied';
      try { await navigator.clipboard.writeText(this.#text); } catch { label = 'Copying is blocked here'; }
      button.replaceChildren(icon(label === 'Copied' ? 'check' : 'copy'), label);
      setTimeout(() => button.replaceChildren(icon('copy'), 'Copy'), 1600);
    } }, icon('copy'), 'Copy');
    return button;
  }
}
