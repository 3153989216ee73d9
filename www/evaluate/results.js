/** What an evaluation shows: progress, plot, tables, exports and responses, renewed at most once a second. */
import { el, icon, save } from '../dom.js';
import { byType, flips, scores, trust } from './numbers.js';
import { plot } from './plot.js';
import { Responses } from './responses.js';

/** Milliseconds between two reports; more where a report itself takes long. */
const GAP = 1000;

export class Results {
  #run = null;
  #timer = 0;
  #gap = GAP;
  #last = 0;

  /** @param {HTMLElement} root @param {{ reload(tokens: number): void, rate(): void }} on */
  constructor(root, on) {
    this.on = on;
    this.welcome = el('section.welcome', {}, el('h2', {}, 'Does it follow the rules?'),
      el('p', {}, 'The open model answers prompts under safety configs, once for each set-up. A judge decides whether each answer helps and whether it keeps to the config, and CoSA-Score adds that up: 1 is an answer that helps and follows, −1 one that helps and violates, 0 a refusal.'),
      el('p.small', {}, 'Prompts, answers and numbers stay on this device.'));
    this.title = el('h2', {});
    this.progress = el('p.progress-text');
    this.bar = el('progress', { 'aria-label': 'Progress of the evaluation' });
    this.notices = el('div.notices', { role: 'status' });
    this.plot = el('figure.plot-place');
    this.tables = el('div.tables');
    this.responses = new Responses();
    this.body = el('div', { hidden: true }, el('section.head', {}, this.title, this.progress, this.bar), this.notices, this.plot, this.tables, this.#exports(), this.responses.node);
    root.replaceChildren(this.welcome, this.body);
  }

  #exports() {
    const button = (name, onclick) => el('button.button', { type: 'button', onclick }, icon('down'), name);
    return el('div.exports', {},
      button('Save report (HTML)', () => save('report.html', 'text/html', this.#run.evaluation.html())),
      button('Save report.json', () => save('report.json', 'application/json', `${JSON.stringify(this.#run.evaluation.report(), null, 2)}\n`)),
      button('Save responses.jsonl', () => save('responses.jsonl', 'application/x-ndjson', this.#run.lines.map((line) => `${JSON.stringify(line)}\n`).join(''))),
      el('button.button', { type: 'button', id: 'rate', onclick: () => this.on.rate() }, icon('check'), 'Rate responses yourself'));
  }

  /** Shows another run, or none. */
  show(run, trouble) {
    this.#run = run;
    this.#gap = GAP;
    this.body.hidden = !run || run.done === 0;
    this.welcome.hidden = !this.body.hidden;
    this.#render(trouble, true);
  }

  /** Shows how the run has grown: the count at once, the numbers when it is time. */
  grow(trouble) {
    if (this.body.hidden) {
      this.welcome.hidden = true;
      this.body.hidden = false;
      this.#render(trouble(), true);
    }
    this.#count();
    this.#timer ||= setTimeout(() => this.#render(trouble()), Math.max(0, this.#last + this.#gap - performance.now()));
  }

  /** Shows the numbers as they are now. */
  settle(trouble) { this.#render(trouble); }

  #count() {
    this.progress.textContent = `${this.#run.progress()}${this.#run.complete ? ': complete' : ''}`;
    this.bar.max = Math.max(1, this.#run.total);
    this.bar.value = this.#run.done;
  }

  #render(trouble, fresh = false) {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (!this.#run || this.body.hidden) { this.#notices(trouble, null); return; }
    const before = performance.now();
    const report = this.#run.evaluation.report();
    this.#last = performance.now();
    this.#gap = Math.max(GAP, 20 * (this.#last - before));
    const { name, quantization } = this.#run.model;
    this.title.textContent = `CoSA-Score of ${name ?? 'the model'} (${quantization}) on ${report.about.task === 'builtin' ? 'the built-in benchmark' : report.about.task}`;
    this.#count();
    this.#notices(trouble, report);
    this.plot.replaceChildren(el('figcaption', {}, el('h3', {}, 'CoSA-Score'), el('p.small', {}, 'With 95 % intervals. A right refusal counts 0, so even a perfect follower stays below 1 where prompts are to be refused.')), plot(report));
    this.tables.replaceChildren(...[scores(report), byType(report), flips(report), trust(report.judge)].filter(Boolean));
    this.responses.show(this.#run.lines, report, fresh);
  }

  /** Said once and left alone, so that a screen reader does not hear it each second. */
  #notices(trouble, report) {
    const reasons = (report?.setups ?? []).flatMap(({ invalid_reasons: of }) => Object.entries(of)).filter(([reason]) => /the context holds|larger contextLength/.test(reason));
    const unfit = reasons.reduce((sum, [, count]) => sum + count, 0);
    const tokens = report && (report.about.context_length < 1024 ? 1024 : report.about.context_length * 2);
    const key = JSON.stringify([trouble, unfit > 0 && tokens]);
    if (this.notices.dataset.key !== key) {
      this.notices.dataset.key = key;
      this.unfit = el('strong');
      this.notices.replaceChildren(...[trouble && el('div.notice-box', {}, el('p', {}, trouble)),
        unfit > 0 && el('div.notice-box', {},
          el('p', {}, this.unfit, ` The context holds ${report.about.context_length.toLocaleString('en')} tokens, too few for these configs. Loading again begins a new chat.`),
          el('button.button', { type: 'button', onclick: () => this.on.reload(tokens) }, `Load the model again with ${tokens.toLocaleString('en')} tokens of context and start over`))].filter(Boolean));
    }
    if (unfit > 0) this.unfit.textContent = `${unfit} ${unfit === 1 ? 'prompt does' : 'prompts do'} not fit.`;
  }
}
