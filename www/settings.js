/** Sampling settings: remembered, checked at the door, and given to `chat.send` as they are. An empty field means the engine's default. */
import { $, closesBeside, el, icon, remember } from './dom.js';

const fields = [
  { key: 'temperature', name: 'Temperature', hint: '0 always takes the likeliest token', min: 0, max: 5, step: 0.05, start: 0 },
  { key: 'topK', name: 'Top-k', hint: 'Choose among the k likeliest; 0 is all', min: 0, max: 1000000, step: 1 },
  { key: 'topP', name: 'Top-p', hint: 'Choose within this share of probability', min: 0.01, max: 1, step: 0.01 },
  { key: 'minP', name: 'Min-p', hint: 'At least this share of the best token; 0 is off', min: 0, max: 1, step: 0.01 },
  { key: 'repetitionPenalty', name: 'Repetition penalty', hint: '1 is none', min: 0.5, max: 2, step: 0.05 },
  { key: 'maxTokens', name: 'Maximum tokens', hint: 'Length of one answer', min: 1, max: 100000, step: 1 },
  { key: 'seed', name: 'Seed', hint: 'Same seed, same answer', placeholder: 'random', min: 0, max: Number.MAX_SAFE_INTEGER, step: 1 },
];
const context = { key: 'contextLength', name: 'Context length', hint: 'More than the model was trained on gives worse answers', min: 64, max: 1000000, step: 1 };

const empty = () => Object.fromEntries(fields.map(({ key, start }) => [key, start]));

export class Settings {
  /** @param {() => void} onReload asks the page to load the current model again */
  constructor(onReload) {
    this.values = { ...empty(), ...remember.get('settings') };
    this.onReload = onReload;
    this.dialog = $('settings-dialog');
    $('open-settings').addEventListener('click', () => { this.#build(); this.dialog.showModal(); });
    closesBeside(this.dialog);
  }

  /** Options for `chat.send`. Where no seed is set, the package draws one and the transcript keeps it. */
  sampling() {
    const { contextLength: _, ...sampling } = this.values;
    return Object.fromEntries(Object.entries(sampling).filter(([, value]) => value !== undefined && value !== null));
  }

  get contextLength() { return this.values.contextLength ?? undefined; }

  set contextLength(tokens) {
    this.values.contextLength = tokens;
    this.#save();
  }

  #build() {
    const reload = el('button.button', { type: 'button', onclick: () => { this.dialog.close(); this.onReload(); } }, 'Load the model again');
    const reset = el('button.button', { type: 'button', onclick: () => { this.values = empty(); this.#save(); this.#build(); } }, 'Reset');
    this.dialog.replaceChildren(el('form', { method: 'dialog' },
      el('div.panel-head', {}, el('h2', { id: 'settings-title' }, 'Settings'), el('button.button.icon', { 'aria-label': 'Close', formnovalidate: true }, icon('close'))),
      el('fieldset.fields', {}, el('legend', {}, 'Sampling'), fields.map((field) => this.#field(field))),
      el('fieldset.fields', {}, el('legend', {}, 'Model'), this.#field(context), reload),
      el('div.dialog-foot', {}, reset, el('button.button.primary', {}, 'Done'))));
  }

  #field(field) {
    const { key, name, hint, min, max, step, placeholder = 'default' } = field;
    const input = el('input', { id: `set-${key}`, type: 'number', min: String(min), max: String(max), step: String(step), placeholder,
      inputmode: 'decimal', 'aria-describedby': `hint-${key}`, oninput: () => this.#take(key, input) });
    input.value = this.values[key] ?? '';
    return el('div.field', {}, el('label', { for: `set-${key}` }, name), input, el('small', { id: `hint-${key}` }, hint));
  }

  /** A value out of range is shown as such and never kept. */
  #take(key, input) {
    input.setAttribute('aria-invalid', String(!input.validity.valid));
    if (!input.validity.valid) return;
    this.values[key] = input.value === '' ? undefined : Number(input.value);
    this.#save();
  }

  #save() { remember.set('settings', this.values); }
}
