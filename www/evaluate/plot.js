/** The plot of CoSA-Scores: a point and its 95 % interval for each set-up, against the perfect follower. */
import { svg } from '../dom.js';
import { asked, score } from './outcomes.js';

const ROW = 52;
const TOP = 26;

/** An SVG as wide as its place; text keeps its size, for positions across are in percent. @param {object} report */
export function plot({ setups, perfect_score: perfect }) {
  const axis = axisOf([perfect, ...setups.flatMap(({ cosa_score: { low, high } }) => [low, high])]);
  const bottom = TOP + setups.length * ROW;
  const label = `CoSA-Score by set-up. ${setups.map(said).join(' ')} A perfect follower would have ${score(perfect)}.`;
  const root = svg('svg', { class: 'plot', width: '100%', role: 'img', 'aria-label': label });
  root.style.height = `${bottom + 24}px`;
  for (const tick of axis.ticks) root.append(vertical(axis.x(tick), TOP, bottom, tick === 0 ? 'zero' : 'grid'), text(axis.x(tick), bottom + 18, score(tick), 'middle', 'tick'));
  root.append(vertical(axis.x(perfect), TOP - 6, bottom, 'perfect'));
  root.append(text(axis.x(perfect), TOP - 11, `perfect follower ${score(perfect)}`, axis.at(perfect) > 0.6 ? 'end' : 'start', 'reference'));
  setups.forEach((setup, index) => root.append(row(setup, TOP + index * ROW, axis)));
  return root;
}

function row(setup, top, axis) {
  const { value, low, high } = setup.cosa_score;
  const count = asked(setup);
  const y = top + 37;
  const known = count > 0;
  const label = text('0', top + 20, setup.name, 'start', 'name');
  label.append(svg('tspan', { class: known ? 'value' : 'tick', dx: 10 }, known ? `${score(value)} [${score(low)}, ${score(high)}]` : 'not asked yet'));
  const group = svg('g', { class: count < setup.responses ? 'partial' : '' }, label);
  if (!known) return group;
  group.append(svg('line', { class: 'interval', x1: axis.x(low), x2: axis.x(high), y1: y, y2: y }),
    ...[low, high].map((end) => vertical(axis.x(end), y - 5, y + 5, 'interval')),
    svg('circle', { class: 'point', cx: axis.x(value), cy: y, r: 5.5 }));
  return group;
}

const vertical = (x, y1, y2, name) => svg('line', { class: name, x1: x, x2: x, y1, y2 });
const text = (x, y, words, anchor, name) => svg('text', { class: name, x, y, 'text-anchor': anchor }, words);

function said({ name, cosa_score: { value, low, high }, ...rest }) {
  return asked(rest) === 0 ? `${name}: not asked yet.` : `${name}: ${score(value)}, from ${score(low)} to ${score(high)}.`;
}

/** From below the lowest value, and 0, to above the highest, in round steps. */
export function axisOf(values) {
  const [least, most] = [Math.min(0, ...values), Math.max(0.2, ...values)];
  const step = [0.1, 0.2, 0.25, 0.5].find((step) => (most - least) / step <= 6) ?? 0.5;
  const [low, high] = [Math.floor(least / step + 1e-9) * step, Math.ceil(most / step - 1e-9) * step];
  const at = (value) => (value - low) / (high - low);
  const ticks = Array.from({ length: Math.round((high - low) / step) + 1 }, (_, index) => Number((low + index * step).toFixed(4)));
  return { low, high, ticks, at, x: (value) => `${(2 + 96 * at(value)).toFixed(2)}%` };
}
