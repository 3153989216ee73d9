/** The panel where the safety config is chosen, read and written; at phone width it moves into a drawer. */
import { $, closesBeside, el, icon, remember } from './dom.js';
import { configs, customConfig } from './configs.js';
import { readings } from './conversation.js';
import { RuleWriter, withRule } from './rule-writer.js';

const limits = [
  'The config is put before the conversation, and the model is asked to follow it. It can fail; the embedded model often does. That one is shown what it read in each rule, which stands above.',
  'Whoever controls a page controls its config. A browser cannot enforce rules against its own user: what must hold has to be checked on a server.',
  'The config is never dropped when the conversation grows long; old messages go first.',
];

export class ConfigPanel {
  /** @param {(config: object) => void} onChoose called when the reader settles on a config */
  constructor(onChoose) {
    this.onChoose = onChoose;
    /** The own text that was last shown or applied, unless the engine refused it; what differs from it is a draft. */
    this.settled = remember.get('custom') ?? '';
    this.#build();
    this.#makeDrawer();
  }

  #build() {
    this.radios = [...configs, customConfig('')].map((config) => this.#radio(config));
    this.shown = el('p.given');
    this.edit = el('button.button', { type: 'button', onclick: () => this.#editCopy() }, 'Edit a copy');
    this.reading = el('div.config-detail', {}, el('h3', {}, 'What it says'), this.shown, this.edit);
    this.area = el('textarea', { id: 'custom-config', rows: '6', oninput: () => this.#note(), placeholder: 'You are the assistant of a wine shop. Alcohol is allowed. Other sensitive topics must be refused.' });
    this.area.value = this.settled;
    this.state = el('p.small', { id: 'custom-state', role: 'status' });
    this.area.setAttribute('aria-describedby', 'custom-state');
    this.writer = new RuleWriter((topic, rule) => this.#write(topic, rule));
    this.writing = el('form.config-detail', { hidden: true, onsubmit: (event) => { event.preventDefault(); this.#apply(); } },
      el('h3', {}, el('label', { for: 'custom-config' }, 'Your own config')), this.area, this.writer.node, this.state,
      el('button.button.primary', { type: 'submit' }, 'Apply'));
    this.pending = el('p.small', { role: 'status' });
    this.understood = el('div.config-detail', { id: 'understood', hidden: true });
    $('config-panel').replaceChildren(
      el('div.panel-head', {}, el('h2', {}, 'Safety config'),
        el('button.button.icon.drawer-close', { 'aria-label': 'Close', onclick: () => $('config-dialog').close() }, icon('close'))),
      el('p.small', {}, 'What the assistant may talk about. Switch whenever you like; the conversation stays.'),
      el('fieldset.configs', {}, el('legend.visually-hidden', {}, 'Choose a safety config'), this.radios),
      this.pending, this.reading, this.writing, this.understood,
      el('details.limits', {}, el('summary', {}, 'What a config can and cannot do'), el('ul', {}, limits.map((text) => el('li', {}, text)))));
  }

  #radio(config) {
    return el('label.config', { 'data-config': config.id },
      el('input', { type: 'radio', name: 'config', value: config.id, onchange: () => this.#picked(config.id) }),
      el('i.dot', { 'aria-hidden': 'true' }),
      el('span', {}, el('b', {}, config.name), ' ', el('small', {}, config.summary)));
  }

  #picked(id) {
    const ready = configs.find((config) => config.id === id);
    if (ready) { this.onChoose(ready); return; }
    this.#showEditor();
    if (this.settled && !this.#isDraft()) this.onChoose(customConfig(this.settled));
  }

  #editCopy() {
    const written = this.area.value.trim();
    const isOwn = written && written !== this.current.text && !configs.some(({ text }) => text === written);
    if (isOwn && !confirm('This replaces the config that you have written. Go on?')) return;
    this.area.value = this.current.text;
    this.#showEditor();
    this.area.focus();
  }

  #showEditor() {
    this.#check('custom');
    this.reading.hidden = true;
    this.writing.hidden = false;
    this.#note();
  }

  #write(topic, rule) {
    this.area.value = withRule(this.area.value, topic, rule);
    if (this.area.value.endsWith(rule)) this.area.scrollTop = this.area.scrollHeight;
    this.#note();
  }

  #isDraft() { return this.area.value.trim() !== this.settled; }

  #note() {
    const applied = this.area.value.trim() === this.current?.text;
    const state = applied ? 'In force.' : 'Not applied yet. The embedded model follows two to four short rules.';
    // What is written anew is read aloud anew.
    if (this.state.textContent !== state) this.state.textContent = state;
  }

  #apply() {
    const text = this.area.value.trim();
    if (!text) { this.state.textContent = 'Write at least one rule.'; this.area.focus(); return; }
    this.settled = text;
    this.onChoose(customConfig(text));
  }

  #check(id) { $('config-panel').querySelector(`input[value="${id}"]`).checked = true; }

  /** Shows what is in force; the page calls it once the engine has accepted the config. An own one that is being written stays in view. */
  show(config) {
    const writes = !this.writing.hidden && $('config-panel').querySelector('input[value=custom]').checked;
    this.current = config;
    this.pending.textContent = '';
    const own = config.id === 'custom';
    if (!writes) this.#check(config.id);
    this.shown.textContent = config.text;
    this.reading.dataset.config = config.id;
    this.reading.hidden = own || writes;
    this.writing.hidden = !this.reading.hidden;
    if (own && !this.#isDraft()) this.area.value = this.settled = config.text;
    if (own || writes) this.#note();
    $('config-name').textContent = config.name;
    $('open-config').dataset.config = config.id;
  }

  /** What the model took each rule to say and what follows, so that a misread one is seen before anybody relies on it; null where it does not tell. */
  showReading(reading, name) {
    this.understood.hidden = reading === null;
    if (reading === null) return;
    const { rules, told } = reading;
    const unsure = rules.some(({ sure, alternatives }) => !sure || alternatives.length > 0);
    this.understood.replaceChildren(el('h3', {}, `How the model reads “${name}”`), readings(rules),
      el('p.small', {}, 'So it is told: ', el('strong', {}, told), ' “else” are all other sensitive topics.'));
    if (unsure) this.understood.append(el('p.small', {}, 'Where it is not sure, it is told to refuse what may be denied. Another wording may help.'));
  }

  /** A text of the reader's own that the engine refused stays in the editor, to be changed. */
  refuse(why) {
    this.settled = '';
    this.pending.textContent = '';
    this.#showEditor();
    this.state.textContent = `Not in force. ${why}`;
  }

  /** While an answer is written, a switch waits for the next one. */
  showPending(config) { this.pending.textContent = `${config.name} takes effect with the next answer.`; }

  /** The one panel lives in the aside, or in a dialog where there is no room for the aside. */
  #makeDrawer() {
    const dialog = $('config-dialog');
    $('open-config').addEventListener('click', () => {
      if ($('config-aside').offsetParent) { $('config-panel').querySelector('input:checked')?.focus(); return; }
      dialog.append($('config-panel'));
      dialog.showModal();
    });
    dialog.addEventListener('close', () => $('config-aside').append($('config-panel')));
    closesBeside(dialog);
    matchMedia('(min-width: 56rem)').addEventListener('change', () => dialog.close());
  }
}

/** Starter prompts of a config, as buttons that send. */
export function showStarters(place, config, onAsk) {
  const group = (title, asks) => asks.length > 0 && el('div.starter-group', {}, el('h3', {}, title),
    asks.map((ask) => el('button.starter', { onclick: () => onAsk(ask) }, ask)));
  place.dataset.config = config.id;
  place.replaceChildren(...[
    group(config.asks.declines.length ? `${config.name} should answer` : 'Try', config.asks.answers),
    group('and should decline', config.asks.declines),
  ].filter(Boolean));
}
