/** What is measured: the set-ups there are, the options of a plan, and the key under which its responses are kept. */

/** Set-ups of the form, each with what it is in one line. */
export const setups = [
  { name: 'none', summary: 'The model as it is, without a config: what every other line has to beat.' },
  { name: 'ica', summary: 'The config as the system message, as in the chat.' },
  { name: 'ica-5shot', summary: 'The config, then up to five example exchanges. Needs a long context.' },
  { name: 'numbered-rules', summary: 'The config as a numbered list, one rule a line.' },
  { name: 'cascade-oracle', summary: 'ica, and what the judge finds unsafe becomes a refusal. A bound, not a product.' },
  { name: 'best-of-4', summary: 'The best of four drawn answers by the judge. Takes four times as long.' },
];

export const defaults = { task: 'builtin', setups: ['none', 'ica'], all: false, limit: 5, seed: 0, maxTokens: 256 };

/** Options for `model.evaluate`. @param {object} values of the form @param {{ name: string, text: string } | null} file */
export function planOf({ task, setups, all, limit, seed, maxTokens }, file) {
  return { task: task === 'file' && file ? file : 'builtin', setups, limit: all ? undefined : limit, seed, maxTokens };
}

/** Same key, same prompts and same answers. Set-ups are not part of it: adding one keeps the others' responses. */
export async function keyOf({ task, limit, seed, maxTokens }, { sha256, contextLength }) {
  const [name, text] = task === 'builtin' ? [task, ''] : [task.name, task.text];
  return digest(JSON.stringify([sha256, name, text, limit ?? null, seed, contextLength, maxTokens]));
}

/** SHA-256 in hexadecimal; on a page without encryption, where browsers have none, the text itself. */
export async function digest(text) {
  if (!globalThis.crypto?.subtle) return text;
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
