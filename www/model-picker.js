/** Where the model comes from: embedded in the package, an address, or files of this device. */
import { $, closesBeside, el, focusBack, icon } from './dom.js';
import { megabytes, millions } from './status.js';

const phases = { engine: 'Starting the engine', download: 'Downloading', read: 'Reading', prepare: 'Preparing' };

export class ModelPicker {
  /**
   * @param {(source: undefined | string | File | File[], name: string) => void} onPick
   * @param {(files: FileList) => boolean} onOther takes dropped files that are no models where the page has a use for them
   */
  constructor(onPick, onOther) {
    this.onPick = onPick;
    this.onOther = onOther;
    this.dialog = $('model-dialog');
    $('open-model').addEventListener('click', () => { this.#build(); this.dialog.showModal(); });
    closesBeside(this.dialog);
    this.#takeDrops();
  }

  #pick(source, name) {
    this.dialog.close();
    this.onPick(source, name);
  }

  #files(list) {
    const files = [...list].sort((a, b) => a.name.localeCompare(b.name));
    if (files.length) this.#pick(files.length === 1 ? files[0] : files, files[0].name);
  }

  #build() {
    const address = el('input', { id: 'model-url', type: 'url', required: true, placeholder: 'https://…/model.gguf', 'aria-describedby': 'url-note' });
    const input = el('input', { id: 'model-files', type: 'file', multiple: true, accept: '.gguf', onchange: () => this.#files(input.files) });
    this.dialog.replaceChildren(
      el('div.panel-head', {}, el('h2', { id: 'model-title' }, 'Model'), el('button.button.icon', { 'aria-label': 'Close', onclick: () => this.dialog.close() }, icon('close'))),
      this.#facts(),
      el('p.small', {}, 'Opening a model starts a new conversation.'),
      el('section.source', {}, el('h3', {}, 'Embedded'),
        el('p.small', {}, 'A small demonstration model: 8.2 million parameters, made for this project, at home with short configs about twelve everyday topics.'),
        el('button.button.primary', { onclick: () => this.#pick(undefined, 'Embedded model') }, 'Use the embedded model')),
      el('section.source', {}, el('h3', {}, el('label', { for: 'model-files' }, 'From this device')),
        el('p.small', {}, 'GGUF files of the families llama, qwen2 and qwen3. Choose all shards of a split model. You can also drop files anywhere on the page.'), input),
      el('form.source', { onsubmit: (event) => { event.preventDefault(); this.#pick(new URL(address.value).href, address.value.split('/').pop()); } },
        el('h3', {}, el('label', { for: 'model-url' }, 'From an address')),
        el('div.row', {}, address, el('button.button', { type: 'submit' }, 'Open')),
        el('p.small', { id: 'url-note' }, 'The one case in which the page connects to another server. It learns your network address and which file you fetch, nothing of the chat.')));
  }

  #facts() {
    const info = this.info;
    if (!info) return null;
    const rows = [['Family', info.architecture], ['Size', `${millions(info.parameters)} parameters, ${info.quantization}`], ['Weights', megabytes(info.weightBytes)],
      ['Context', `${info.contextLength} tokens (trained on ${info.trainedContextLength})`], ['License', info.license], ['SHA-256', info.sha256]];
    return el('dl.facts', {}, rows.filter(([, value]) => value).map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, String(value)))));
  }

  /** Shows which model is in use. */
  show(name, info) {
    this.info = info;
    $('model-name').textContent = name;
    $('model-detail').textContent = info ? ` · ${millions(info.parameters)} ${info.quantization}` : '';
  }

  #takeDrops() {
    const cover = $('drop');
    const hasFiles = (event) => event.dataTransfer?.types.includes('Files');
    let depth = 0;
    addEventListener('dragenter', (event) => { if (hasFiles(event)) { depth += 1; cover.hidden = false; } });
    addEventListener('dragleave', (event) => { if (hasFiles(event) && --depth <= 0) { depth = 0; cover.hidden = true; } });
    addEventListener('dragover', (event) => { if (hasFiles(event)) event.preventDefault(); });
    addEventListener('drop', (event) => {
      depth = 0;
      cover.hidden = true;
      if (!hasFiles(event)) return;
      event.preventDefault();
      if (!this.onOther(event.dataTransfer.files)) this.#files(event.dataTransfer.files);
    });
  }
}

/** The card that shows a load under way. Returns `{ progress, done }`. */
export function showLoading(name, onCancel) {
  const label = el('span', {}, `Opening · ${name}`);
  const amount = el('span.small');
  const bar = el('progress', { 'aria-label': `Opening ${name}` });
  $('load-place').replaceChildren(el('div.loading', {}, el('p', {}, label, amount), bar, el('button.button', { onclick: onCancel }, 'Cancel')));
  return {
    progress({ phase, loaded, total, file, files }) {
      label.textContent = `${phases[phase] ?? 'Opening'} · ${name}${files > 1 ? `, file ${file} of ${files}` : ''}`;
      if (total > 0) { bar.max = total; bar.value = loaded; } else bar.removeAttribute('value');
      amount.textContent = loaded > 0 ? `${megabytes(loaded)}${total > 0 ? ` of ${megabytes(total)}` : ''}` : '';
    },
    done() {
      const had = $('load-place').contains(document.activeElement);
      $('load-place').replaceChildren();
      if (had) focusBack();
    },
  };
}
