/** People's verdicts as data: which responses are to be rated, in which order, and how ratings are written and read. */

/** What a rater can say of the config, by key. */
export const adherences = { f: 'follows', v: 'violates', n: 'undecided' };

/** A verdict is about the words of a response to a prompt under a config, whichever set-ups gave them. */
export const subject = ({ config_id: config, prompt_id: prompt, response }) => JSON.stringify([config, prompt, response]);

/**
 * The responses to rate, shuffled by `seed`, equal ones once. Those under edited configs do not count in the score, and
 * those without a response have nothing to rate; both are left out.
 * @param {object[]} lines @param {object[]} configs of a report @param {number} seed
 */
export function itemsOf(lines, configs, seed) {
  const items = new Map();
  for (const line of lines) {
    const config = configs.find(({ id }) => id === line.config_id);
    if (!config || typeof line.response !== 'string') continue;
    const key = subject(line);
    if (!items.has(key)) items.set(key, { key, config, prompt: line.prompt, response: line.response, lines: [] });
    items.get(key).lines.push(line);
  }
  return shuffled([...items.values()].sort((a, b) => (a.key < b.key ? -1 : 1)), seed);
}

/** Fisher and Yates, with the numbers of mulberry32. */
export function shuffled(items, seed) {
  let state = seed >>> 0;
  const random = () => {
    state = (state + 0x6D2B79F5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
  const order = [...items];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

/**
 * Ratings in the form of `responses.jsonl`, so that `cosa eval --judge recorded:FILE` takes them.
 * @param {object[]} items @param {Map<string, { helpfulness: number, adherence: string }>} ratings by subject
 */
export function toLines(items, ratings) {
  return items.filter(({ key }) => ratings.has(key)).flatMap(({ key, lines }) => {
    const { helpfulness, adherence } = ratings.get(key);
    const verdicts = { helpfulness, addressed: helpfulness > 0, rules: [{ rule: 'config', adherence }], risks: [] };
    return lines.map(({ setup, config_id, prompt_id, prompt, type, response }) => ({ setup, config_id, prompt_id, prompt, type, response, verdicts }));
  });
}

/** @param {object[]} lines */
export const toText = (lines) => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

/** The lines of a file of verdicts; an error names the line that is none. @param {string} name @param {string} text */
export function readLines(name, text) {
  return text.split('\n').flatMap((line, index) => {
    if (!line.trim()) return [];
    const parsed = parse(line);
    const good = typeof parsed?.config_id === 'string' && typeof parsed.prompt_id === 'string' && (!parsed.verdicts || Array.isArray(parsed.verdicts.rules));
    if (!good) throw new Error(`${name} line ${index + 1} is not a line of verdicts.`);
    return parsed.verdicts ? [parsed] : [];
  });
}

function parse(line) {
  try { return JSON.parse(line); } catch { return null; }
}
