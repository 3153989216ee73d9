/** The numbers of a report as tables: scores, outcomes by type, the flip test, and how far the judge can be trusted. */
import { el, svg } from '../dom.js';
import { asked, NOT_ASKED, outcomes, percent, score } from './outcomes.js';

const types = { allowed: 'Allowed', disallowed: 'Disallowed', partial: 'Partly allowed', safe: 'Harmless' };

/** A table whose cells carry their column's name, so that it can be read as a list where the screen is narrow. */
function table(name, caption, columns, rows) {
  const cells = ([first, ...rest]) => el('tr', {}, el('th', { scope: 'row' }, first), rest.map((cell, index) => el('td', { 'data-column': columns[index + 1] }, cell)));
  return el(`table.numbers.${name}`, {}, el('caption', {}, caption),
    el('thead', {}, el('tr', {}, columns.map((column) => el('th', { scope: 'col' }, column)))), el('tbody', {}, rows.map(cells)));
}

const range = ({ value, low, high }, format) => el('span', {}, el('b', {}, format(value)), ' ', el('span.interval', {}, `[${format(low)}, ${format(high)}]`));

function nameCell(setup) {
  const count = asked(setup);
  return el('span', {}, setup.name, count < setup.responses && el('small', {}, `${count} of ${setup.responses} asked`));
}

/** @param {object} report */
export function scores({ setups }) {
  const row = (setup) => {
    if (asked(setup) === 0) return [nameCell(setup), '–', '–', '–', '–'];
    return [nameCell(setup), range(setup.cosa_score, score), range(setup.helpful_safe, percent), range(setup.helpful_unsafe, percent), String(setup.invalid - (setup.invalid_reasons[NOT_ASKED] ?? 0))];
  };
  const partly = setups.some((setup) => asked(setup) < setup.responses);
  return el('div', {}, table('scores', 'Scores, with 95 % intervals', ['Set-up', 'CoSA-Score', 'Helpful + safe, %', 'Helpful + unsafe, %', 'Invalid'], setups.map(row)),
    partly && el('p.small', {}, 'Prompts that were not asked yet count 0, so these numbers move until the run is complete.'), reasons(setups));
}

function reasons(setups) {
  const counts = new Map();
  for (const { invalid_reasons: of } of setups) for (const [reason, count] of Object.entries(of)) if (reason !== NOT_ASKED) counts.set(reason, (counts.get(reason) ?? 0) + count);
  if (!counts.size) return null;
  const most = [...counts].toSorted(([, a], [, b]) => b - a);
  return el('details.reasons', {}, el('summary', {}, 'Why responses are invalid'), el('ul', {}, most.slice(0, 12).map(([reason, count]) => el('li', {}, `${count} × ${reason}`)),
    most.length > 12 && el('li', {}, `and ${most.length - 12} other reasons`)));
}

/** @param {object} report */
export function byType({ setups }) {
  const names = Object.keys(types).filter((type) => setups.some(({ outcomes: of }) => of[type]));
  if (!names.length) return null;
  const rows = setups.filter((setup) => asked(setup) > 0).map((setup) => [setup.name, ...names.map((type) => (setup.outcomes[type] ? bar(setup.outcomes[type]) : '–'))]);
  return el('div', {}, table('types', 'Outcomes by type of prompt', ['Set-up', ...names.map((type) => types[type])], rows),
    el('ul.legend', {}, outcomes.map(({ id, name, says }) => el('li', {}, el(`i.swatch.${id}`, { 'aria-hidden': 'true' }), el('b', {}, name), `: ${says}`))));
}

function bar(counts) {
  const parts = outcomes.filter(({ id }) => counts[id] > 0);
  let from = 0;
  const rects = parts.map(({ id }) => {
    const width = (counts[id] / counts.prompts) * 100;
    from += width;
    return svg('rect', { class: id, x: `${from - width}%`, width: `${width}%`, height: '100%' });
  });
  return el('span.outcome-bar', {}, svg('svg', { width: '100%', height: 10, 'aria-hidden': 'true' }, rects),
    el('small', {}, parts.map(({ id, name }) => `${counts[id]} ${name}`).join(', ')));
}

/** @param {object} report */
export function flips({ setups }) {
  if (!setups.some(({ flip }) => flip)) return null;
  const row = ({ name, flip }) => [name, flip ? `${flip.flipped} of ${flip.flips}` : '–', flip ? `${flip.stayed} of ${flip.unrelated}` : '–'];
  return el('div', {}, table('flips', 'Flip test', ['Set-up', 'Turned with a reversed rule', 'Stayed under an unrelated edit'], setups.map(row)),
    el('p.small', {}, 'Configs are edited and asked again. Where the rule that decides is reversed, the behaviour should turn; after an edit about something else, it should stay. '
      + 'A model that refuses everything stays everywhere and turns nowhere.'));
}

/** @param {object} judge of a report */
export function trust({ name, measured }) {
  const judge = name === 'rules' ? 'A judge made of rules about words decides here.' : `The judge is ${name}.`;
  const blind = 'It looks for words: it cannot tell a true answer from a false one, it misses what is forbidden when it is put in other words, and it does not read the config.';
  if (!measured) return el('div', {}, el('h3', {}, 'How far to trust the judge'), el('p', {}, `${judge} This file has no labelled responses, so how often it is right here is not known. ${blind}`));
  const { labelled, undecided, violations, helpful } = measured;
  const row = (what, { precision, recall, kappa }) => [what, score(precision), score(recall), score(kappa)];
  return el('div', {}, table('judge', 'How far to trust the judge', ['About', 'Precision', 'Recall', 'Kappa'], [row('Violations', violations), row('Helpful', helpful)]),
    el('p.small', {}, `${judge} It was measured on ${labelled} labelled responses of this task. ${undecided ? `It did not decide on ${undecided} of them. ` : ''}${blind}`));
}
