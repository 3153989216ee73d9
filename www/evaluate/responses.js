/** The list of responses: filtered, at most fifty at a time in the page, and every word of it as text. */
import { el } from '../dom.js';
import { nameOf, outcomeOf, outcomes, titleOf } from './outcomes.js';

const PAGE = 50;

export class Responses {
  #lines = [];
  #configs = [];
  /** Of the lines that pass the filter, how many may be and how many are in the page. */
  #limit = PAGE;
  #shown = 0;

  constructor() {
    this.setup = this.#select('Set-up');
    this.config = this.#select('Config');
    this.outcome = this.#select('Outcome');
    fill(this.outcome, outcomes.map(({ id, name }) => [id, name]));
    this.count = el('p.small', { role: 'status' });
    this.list = el('div.response-list');
    this.more = el('button.button', { type: 'button', hidden: true, onclick: () => this.#showMore() }, 'Show more');
    const filter = (name, select) => el('label.filter', {}, el('span', {}, name), select);
    this.node = el('section.responses', { 'aria-labelledby': 'responses-title' }, el('h2', { id: 'responses-title' }, 'Responses'),
      el('div.filters', {}, filter('Set-up', this.setup), filter('Config', this.config), filter('Outcome', this.outcome)), this.count, this.list, this.more);
  }

  #select(name) { return el('select', { 'data-filter': name.toLowerCase(), onchange: () => this.#restart() }); }

  /** @param {object[]} lines only ever longer, unless `fresh` @param {object} report */
  show(lines, { configs, setups }, fresh) {
    this.#lines = lines;
    this.#configs = configs;
    fill(this.setup, setups.map(({ name }) => [name, name]));
    const ids = [...new Set([...configs.map(({ id }) => id), ...lines.map((line) => line.config_id)])];
    fill(this.config, ids.map((id) => [id, titleOf(configs, id)]));
    if (fresh) this.#restart();
    else this.#extend();
  }

  #restart() {
    this.#limit = PAGE;
    this.#shown = 0;
    this.list.replaceChildren();
    this.#extend();
  }

  #showMore() {
    const first = this.#shown;
    this.#limit += PAGE;
    this.#extend();
    this.list.children[first]?.querySelector('summary').focus();
  }

  #passes(line) {
    const is = (select, value) => !select.value || select.value === value;
    return is(this.setup, line.setup) && is(this.config, line.config_id) && is(this.outcome, outcomeOf(line));
  }

  #extend() {
    const passing = this.#lines.filter((line) => this.#passes(line));
    this.list.append(...passing.slice(this.#shown, this.#limit).map((line) => this.#entry(line)));
    this.#shown = Math.min(passing.length, this.#limit);
    this.more.hidden = passing.length <= this.#shown;
    this.more.textContent = `Show more (${passing.length - this.#shown} left)`;
    const text = `${passing.length} of ${this.#lines.length} responses`;
    if (this.count.textContent !== text) this.count.textContent = text;
  }

  #entry(line) {
    const outcome = outcomeOf(line);
    const details = el('details.response', { ontoggle: () => { if (details.open && details.children.length === 1) details.append(this.#body(line)); } },
      el('summary', {}, el(`span.tag.${outcome}`, {}, nameOf(outcome)), el('span.asked', { dir: 'auto' }, line.prompt), el('small', {}, `${line.setup} · ${titleOf(this.#configs, line.config_id)}`)));
    return details;
  }

  #body(line) {
    const part = (name, content) => content && el('div', {}, el('dt', {}, name), el('dd', {}, content));
    const text = (words) => el('p.text', { dir: 'auto' }, words);
    return el('dl.response-body', {},
      part('Prompt', text(line.prompt)), part('Type', line.type ?? 'not given'), part('Config', titleOf(this.#configs, line.config_id)),
      part('Response', line.response === null || line.response === undefined ? el('p.none', {}, line.failure ?? 'There is none.') : line.response === '' ? el('p.none', {}, 'The model ended without a word.') : text(line.response)),
      part('Reasoning', line.reasoning && el('details', {}, el('summary', {}, 'Show what the model wrote before its answer'), text(line.reasoning))),
      part('Verdict', verdictText(line.verdicts)));
  }
}

/** A verdict in words. */
function verdictText(verdicts) {
  if (!verdicts) return 'none, for there is no response';
  const rule = ({ rule, adherence }) => `${rule} ${adherence.replaceAll('_', ' ')}`;
  return [verdicts.helpfulness === null ? 'helpfulness undecided' : `helpfulness ${verdicts.helpfulness} of 5`,
    verdicts.addressed === null ? null : verdicts.addressed ? 'addressed' : 'not addressed', ...verdicts.rules.map(rule),
    verdicts.risks.length ? `risks: ${verdicts.risks.join(', ').replaceAll('_', ' ')}` : null, verdicts.undecided].filter(Boolean).join(' · ');
}

/** Options of a select; what was chosen stays chosen, and an unchanged list is left alone. */
function fill(select, options) {
  const wanted = [['', 'All'], ...options];
  const same = select.options.length === wanted.length && wanted.every(([value], index) => select.options[index].value === value);
  if (same) return;
  const chosen = select.value;
  select.replaceChildren(...wanted.map(([value, name]) => el('option', { value }, name)));
  select.value = wanted.some(([value]) => value === chosen) ? chosen : '';
}
