/** How far raters agree: Cohen's kappa about violations and about help, over the responses that both rated. */
import { el } from '../dom.js';
import { score } from './outcomes.js';
import { subject } from './verdicts.js';

/**
 * Cohen's kappa of yes-or-no verdicts; null where chance alone would agree always.
 * @param {[boolean, boolean][]} pairs
 */
export function kappa(pairs) {
  const count = pairs.length;
  const share = (is) => pairs.filter(is).length / count;
  const agree = share(([a, b]) => a === b);
  const [yesA, yesB] = [share(([a]) => a), share(([, b]) => b)];
  const chance = yesA * yesB + (1 - yesA) * (1 - yesB);
  return { count, agree, kappa: count === 0 || chance === 1 ? null : (agree - chance) / (1 - chance) };
}

/** What a verdict says; null where it does not decide. */
function decided({ helpfulness, rules }) {
  const adherences = rules.filter((rule) => !rule.behavioural).map(({ adherence }) => adherence);
  const violates = adherences.includes('violates') ? true : !adherences.length || adherences.includes('undecided') ? null : false;
  return { violates, helpful: typeof helpfulness === 'number' ? helpfulness > 0 : null };
}

/** Two raters, each as lines with verdicts. @param {object[]} a @param {object[]} b */
export function compare(a, b) {
  const [ofA, ofB] = [a, b].map((lines) => new Map(lines.filter(({ verdicts }) => verdicts).map((line) => [subject(line), decided(line.verdicts)])));
  const both = [...ofA].filter(([key]) => ofB.has(key)).map(([key, verdict]) => [verdict, ofB.get(key)]);
  const pairs = (field) => both.map(([x, y]) => [x[field], y[field]]).filter(([x, y]) => x !== null && y !== null);
  return { rated: both.length, violates: kappa(pairs('violates')), helpful: kappa(pairs('helpful')) };
}

const columns = ['Raters', 'Both rated', 'Kappa, violates', 'Kappa, helpful'];

/** Every two raters in a table. @param {{ name: string, lines: object[] }[]} raters */
export function agreement(raters) {
  const rows = raters.flatMap((a, index) => raters.slice(index + 1).map((b) => row(a, b)));
  return el('table.numbers.agreement', {}, el('caption', {}, 'Agreement'), el('thead', {}, el('tr', {}, columns.map((column) => el('th', { scope: 'col' }, column)))), el('tbody', {}, rows));
}

function row(a, b) {
  const { rated, violates, helpful } = compare(a.lines, b.lines);
  const cell = (of, column) => el('td', { 'data-column': column }, el('span', {}, el('b', {}, score(of.kappa)), ' ', el('span.interval', {}, of.count ? `agree on ${Math.round(100 * of.agree)} % of ${of.count}` : 'none decided by both')));
  return el('tr', {}, el('th', { scope: 'row' }, `${a.name} and ${b.name}`), el('td', { 'data-column': columns[1] }, String(rated)), cell(violates, columns[2]), cell(helpful, columns[3]));
}
