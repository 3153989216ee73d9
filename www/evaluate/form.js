/** The form of an evaluation: the task, the set-ups, how many prompts, and the buttons that start and stop it. */
import { el, icon, remember } from '../dom.js';
import { defaults, setups } from './plan.js';

const numbers = [
  { key: 'limit', name: 'Prompts per config', min: 1, max: 100000 },
  { key: 'seed', name: 'Seed', min: 0, max: Number.MAX_SAFE_INTEGER },
  { key: 'maxTokens', name: 'Tokens per answer', min: 1, max: 100000 },
];

export class EvaluateForm {
  /** The reader's task file, once it has been found good. @type {{ name: string, text: string } | null} */
  file = null;

  /** @param {HTMLElement} root @param {{ change(): void, start(): void, stop(): void, startOver(): void, files(files: FileList): void, forget(): void }} on */
  constructor(root, on) {
    this.on = on;
    this.values = { ...defaults, ...remember.get('evaluate') };
    // A file is only there again once it was found in the store; see `setFile`.
    this.wantsFile = this.values.task === 'file';
    this.values.task = 'builtin';
    this.values.setups = this.values.setups.filter((name) => setups.some((setup) => setup.name === name));
    this.fields = el('fieldset.evaluate-fields', {}, el('legend.visually-hidden', {}, 'What is measured'), this.#task(), this.#setups(), this.#numbers());
    this.message = el('p.refusal', { role: 'alert' });
    this.state = el('p.state', { role: 'status' });
    // Not a live region: milestones are announced, not every response.
    this.progress = el('p.state.now');
    this.buttons = {
      start: el('button.button.primary', { type: 'submit' }, 'Start'),
      goOn: el('button.button.primary', { type: 'button', onclick: () => on.start() }, 'Go on'),
      stop: el('button.button.primary', { type: 'button', onclick: () => on.stop() }, icon('stop'), 'Stop'),
      over: el('button.button', { type: 'button', onclick: () => on.startOver() }, 'Start over'),
    };
    this.forget = el('button.button', { type: 'button', onclick: () => on.forget() }, 'Delete all of it');
    const kept = el('details.kept', {}, el('summary', {}, 'What is kept, and where'),
      el('p.small', {}, 'Responses and ratings stay in this browser, in storage of this page, so that an evaluation can go on after a reload. Nothing is sent anywhere.'), this.forget);
    this.form = el('form', { onsubmit: (event) => { event.preventDefault(); on.start(); } },
      el('h2', {}, 'Evaluate'), el('p.small', {}, 'How well does the open model follow safety configs?'), this.fields, kept,
      el('div.evaluate-foot', {}, this.message, this.state, this.progress, el('div.evaluate-buttons', {}, Object.values(this.buttons))));
    root.replaceChildren(this.form);
    this.show({ state: '', blocked: true });
  }

  #task() {
    const input = el('input', { id: 'task-file', type: 'file', accept: '.jsonl,.ndjson,.json,.txt', 'aria-label': 'Task file', 'aria-describedby': 'task-format', onchange: () => { this.on.files(input.files); input.value = ''; } });
    this.fileName = el('b', {}, 'A file of yours');
    this.radios = ['builtin', 'file'].map((value) => el('input', { type: 'radio', name: 'task', value, onchange: () => this.#take('task', value) }));
    this.radios[0].checked = true;
    this.radios[1].disabled = true;
    return el('fieldset.choices', {}, el('legend', {}, 'Task'),
      choice(this.radios[0], el('b', {}, 'Built-in benchmark'), 'Six configs of shops and offices, and edits of them for the flip test.'),
      choice(this.radios[1], this.fileName, null),
      input,
      el('p.small', { id: 'task-format' }, 'JSON Lines, one prompt a line: ', el('code', {}, 'prompt'), ', ', el('code', {}, 'scenario'), ' (the config), ', el('code', {}, 'type'),
        ' (allowed, disallowed or partial). Choose it, or drop it anywhere here.'));
  }

  #setups() {
    this.boxes = setups.map(({ name }) => el('input', { type: 'checkbox', name: 'setup', value: name, checked: this.values.setups.includes(name),
      onchange: () => this.#take('setups', this.boxes.filter((box) => box.checked).map((box) => box.value)) }));
    return el('fieldset.choices', {}, el('legend', {}, 'Set-ups'), setups.map(({ name, summary }, index) => choice(this.boxes[index], el('b', {}, name), summary)));
  }

  #numbers() {
    const field = ({ key, name, min, max }) => {
      const input = el('input', { id: `evaluate-${key}`, type: 'number', min: String(min), max: String(max), step: '1', inputmode: 'numeric', required: true, oninput: () => this.#takeNumber(key, input) });
      input.value = this.values[key];
      this[key] = input;
      return el('div.field', {}, el('label', { for: `evaluate-${key}` }, name), input);
    };
    const [limit, ...others] = numbers.map(field);
    const all = el('input', { type: 'checkbox', name: 'all', checked: this.values.all, onchange: () => { this.limit.disabled = all.checked; this.#take('all', all.checked); } });
    this.limit.disabled = all.checked;
    limit.append(el('label.all', {}, all, 'all'));
    return el('div.number-fields', {}, limit, others);
  }

  /** A value out of range is shown as such and never used. */
  #takeNumber(key, input) {
    input.setAttribute('aria-invalid', String(!input.validity.valid));
    if (input.validity.valid) this.#take(key, Number(input.value));
    else this.on.change();
  }

  #take(key, value) {
    this.values[key] = value;
    remember.set('evaluate', this.values);
    this.refuse('');
    this.on.change();
  }

  /** A file that was read and found good becomes the task. */
  setFile(file, tell = true) {
    this.file = file;
    this.fileName.textContent = file.name;
    this.radios[1].disabled = false;
    this.radios[1].checked = true;
    this.values.task = 'file';
    if (tell) this.#take('task', 'file');
  }

  /** Says why something cannot be used. @param {string} why */
  refuse(why) { if (this.message.textContent !== why) this.message.textContent = why; }

  /** @param {string} text how far a run is; shown beside the button that stops it */
  tell(text) { this.progress.textContent = text; }

  get refused() { return this.message.textContent !== ''; }

  /** @param {{ state: string, blocked?: boolean, running?: boolean, done?: number, total?: number }} now */
  show({ state, blocked = false, running = false, done = 0, total = 0 }) {
    const { start, goOn, stop, over } = this.buttons;
    const focused = Object.values(this.buttons).includes(document.activeElement);
    this.fields.disabled = running;
    this.forget.disabled = running;
    stop.hidden = this.progress.hidden = !running;
    start.hidden = running || done > 0;
    goOn.hidden = running || done === 0 || done >= total;
    over.hidden = running || done === 0;
    start.disabled = goOn.disabled = over.disabled = blocked;
    if (this.state.textContent !== state) this.state.textContent = state;
    if (focused && (document.activeElement === document.body || document.activeElement.hidden)) [stop, goOn, start, over].find((button) => !button.hidden && !button.disabled)?.focus();
  }
}

function choice(input, name, summary) {
  return el('label.choice', {}, input, el('span', {}, name, summary && el('small', {}, summary)));
}
