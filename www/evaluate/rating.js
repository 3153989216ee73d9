/** The blind view in which a person rates responses: one at a time, by keyboard, without seeing which set-up gave it. */
import { $, el, icon, remember, save } from '../dom.js';
import { agreement } from './agreement.js';
import { digest } from './plan.js';
import { adherences, itemsOf, readLines, toLines, toText } from './verdicts.js';

const help = ['refuses, or is no help', 'hardly helps', 'helps a little', 'helps in part', 'helps well', 'helps as well as can be'];
const follows = { f: 'Follows', v: 'Violates', n: 'Not sure' };

export class Rating {
  #items = [];
  #at = 0;
  /** By subject. @type {Map<string, { helpfulness: number, adherence: string }>} */
  #ratings = new Map();
  /** Files of other raters. @type {{ name: string, lines: object[] }[]} */
  #others = [];
  #run = null;
  /** Counts changes of the rater, so that a slow read never lands under another name. */
  #turn = 0;

  /** @param {HTMLElement} place @param {HTMLElement} instead is hidden meanwhile @param {import('./store.js').Store} store */
  constructor(place, instead, store) {
    Object.assign(this, { instead, store });
    this.name = el('input', { id: 'rater', type: 'text', autocomplete: 'off', maxlength: '60', onchange: () => this.#resume() });
    this.name.value = remember.get('rater') ?? '';
    this.progress = el('p.progress-text', { role: 'status' });
    this.bar = el('progress', { 'aria-label': 'Ratings' });
    this.item = el('article.rated', { tabindex: '-1', 'aria-label': 'Response to rate' });
    this.helpfulness = help.map((says, value) => this.#radio('helpfulness', String(value), String(value), says));
    this.adherence = Object.entries(follows).map(([key, says]) => this.#radio('adherence', key, key, says));
    this.missing = el('p.refusal', { role: 'alert' });
    this.trouble = el('p.refusal', { role: 'alert' });
    this.back = el('button.button', { type: 'button', onclick: () => this.#step(-1) }, 'Back');
    this.form = el('form.verdict', { onsubmit: (event) => { event.preventDefault(); this.#save(); } },
      el('fieldset', {}, el('legend', {}, 'How helpful is it?'), this.helpfulness), el('fieldset', {}, el('legend', {}, 'Does it keep to the config?'), this.adherence),
      this.missing, el('div.exports', {}, el('button.button.primary', { type: 'submit' }, 'Save and next'), this.back),
      el('p.small.keys-line', {}, el('kbd', {}, '0'), '–', el('kbd', {}, '5'), ' helpfulness, ', el('kbd', {}, 'f'), ' follows, ', el('kbd', {}, 'v'), ' violates, ', el('kbd', {}, 'n'), ' not sure, ', el('kbd', {}, 'Enter'), ' saves, ', el('kbd', {}, 'Backspace'), ' goes back'));
    this.table = el('div');
    this.node = el('section.results.rating', { hidden: true, 'aria-labelledby': 'rating-title' },
      el('div.panel-head', {}, el('h2', { id: 'rating-title' }, 'Rate responses'), el('button.button', { type: 'button', onclick: () => { this.close(); $('rate').focus(); } }, icon('close'), 'Back to the numbers')),
      el('p.small', {}, 'One response at a time, in an order by chance. Which set-up gave it stays hidden, and equal responses come once. Each rating is kept as you save it.'),
      el('div.rater', {}, el('label', { for: 'rater' }, 'Rater'), this.name), el('div', {}, this.progress, this.bar), this.trouble, this.item, this.form, this.#files());
    place.append(this.node);
    addEventListener('keydown', (event) => this.#key(event));
  }

  #radio(group, value, key, says) {
    return el('label.rate', {}, el('input', { type: 'radio', name: group, value }), el('kbd', {}, key), el('span', {}, says));
  }

  #files() {
    const input = el('input', { id: 'verdict-files', type: 'file', multiple: true, accept: '.jsonl', onchange: () => { this.#load([...input.files]); input.value = ''; } });
    this.refused = el('p.refusal', { role: 'alert' });
    return el('section.compare', {}, el('h3', {}, 'Verdicts'),
      el('div.exports', {}, this.download = el('button.button', { type: 'button', onclick: () => save(`verdicts-${this.#rater().replace(/[^\p{L}\p{N}_-]+/gu, '-')}.jsonl`, 'application/x-ndjson', toText(this.#lines())) }, icon('down'), 'Save verdicts')),
      el('p.small', {}, 'The command line reports by them: ', el('code', {}, 'cosa eval --judge recorded:FILE'), '.'),
      el('h3', {}, el('label', { for: 'verdict-files' }, 'Compare with other raters')), input, this.refused, this.table,
      el('p.small', {}, "Cohen's kappa: 1 is full agreement, 0 what chance would give. “Not sure” is left out of the kappa about violations; – means that both always say the same, so that kappa is not defined."));
  }

  #rater() { return this.name.value.trim() || 'rater'; }

  #lines() { return toLines(this.#items, this.#ratings); }

  /** @param {import('./run.js').Run} run */
  async open(run) {
    this.#run = run;
    this.#items = itemsOf(run.lines, run.evaluation.report().configs, run.plan.seed);
    this.instead.hidden = true;
    this.node.hidden = false;
    await this.#resume();
    this.item.focus();
  }

  close() {
    this.node.hidden = true;
    this.instead.hidden = false;
  }

  async #file() { return `ratings-${await digest(`${this.#run.key} ${this.#rater()}`)}.json`; }

  /** Goes on where this rater has stopped. */
  async #resume() {
    remember.set('rater', this.name.value);
    const turn = this.#turn += 1;
    const text = await this.store.readText(await this.#file());
    if (turn !== this.#turn) return;
    try { this.#ratings = new Map(JSON.parse(text ?? '[]')); } catch { this.#ratings = new Map(); }
    const next = this.#items.findIndex(({ key }) => !this.#ratings.has(key));
    this.#at = next < 0 ? this.#items.length : next;
    this.#show();
  }

  #save() {
    const item = this.#items[this.#at];
    const chosen = (group) => group.map((label) => label.querySelector('input')).find((input) => input.checked)?.value;
    const [helpfulness, adherence] = [chosen(this.helpfulness), chosen(this.adherence)];
    if (!item) return;
    if (helpfulness === undefined || adherence === undefined) {
      this.missing.textContent = helpfulness === undefined ? 'Say how helpful it is: 0 to 5.' : 'Say whether it keeps to the config: f, v or n.';
      return;
    }
    this.#ratings.set(item.key, { helpfulness: Number(helpfulness), adherence: adherences[adherence] });
    this.#keep();
    this.#step(1);
  }

  /** All of them, also those of responses that are not in this selection of set-ups. */
  async #keep() {
    await this.store.writeText(await this.#file(), JSON.stringify([...this.#ratings]));
    this.trouble.textContent = this.store.trouble;
  }

  #step(by) {
    this.#at = Math.min(Math.max(0, this.#at + by), this.#items.length);
    this.#show();
    (this.#items[this.#at] ? this.item : this.download).focus();
  }

  #show() {
    const item = this.#items[this.#at];
    const rated = this.#items.filter(({ key }) => this.#ratings.has(key)).length;
    this.progress.textContent = item ? `Response ${this.#at + 1} of ${this.#items.length}, ${rated} rated` : `${rated} of ${this.#items.length} rated`;
    this.bar.max = Math.max(1, this.#items.length);
    this.bar.value = rated;
    this.form.hidden = !item;
    this.back.disabled = this.#at === 0;
    this.download.disabled = rated === 0;
    this.missing.textContent = '';
    this.form.reset();
    if (item) this.#check(this.#ratings.get(item.key));
    this.item.replaceChildren(...(item ? this.#item(item) : [el('p', {}, this.#items.length ? 'That was the last one. Save your verdicts below; Backspace goes back.' : 'There are no responses to rate.')]));
    this.#compare();
  }

  #item({ config, prompt, response }) {
    return [el('h3', {}, config.title), el('p.given', { dir: 'auto', tabindex: '0', role: 'group', 'aria-label': 'Config' }, config.text ?? ''), el('h3', {}, 'Prompt'), el('p.text', { dir: 'auto' }, prompt),
      el('h3', {}, 'Response'), response ? el('p.text.answer-text', { dir: 'auto' }, response) : el('p.none', {}, 'The model ended without a word.')];
  }

  #check(rating) {
    if (!rating) return;
    this.#pick(String(rating.helpfulness));
    this.#pick(Object.keys(adherences).find((key) => adherences[key] === rating.adherence));
  }

  #pick(value) {
    const input = [...this.helpfulness, ...this.adherence].map((label) => label.querySelector('input')).find((each) => each.value === value);
    if (input) input.checked = true;
    return Boolean(input);
  }

  #key(event) {
    const { key, target } = event;
    if (this.node.hidden || !this.node.offsetParent || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    if (target.closest?.('#evaluate-form, header') || target.matches?.('input:not([type=radio]), select, textarea')) return;
    if (key === 'Enter' && target.matches?.('button, summary, a')) return;
    if (key === 'Enter' && !event.repeat) this.#save();
    else if (key === 'Backspace') this.#step(-1);
    else if (!this.#items[this.#at] || !this.#pick(key.toLowerCase())) return;
    event.preventDefault();
  }

  async #load(files) {
    this.refused.textContent = '';
    for (const file of files) {
      try {
        const lines = readLines(file.name, await file.text());
        this.#others = [...this.#others.filter(({ name }) => name !== file.name), { name: file.name, lines }];
      } catch (error) {
        this.refused.textContent = error.message;
      }
    }
    this.#compare();
  }

  #compare() {
    const own = this.#lines();
    const raters = [own.length && { name: this.#rater(), lines: own }, ...this.#others, { name: 'the automatic judge', lines: this.#run.lines }].filter(Boolean);
    this.table.replaceChildren(...(raters.length > 1 ? [agreement(raters)] : []));
  }
}
