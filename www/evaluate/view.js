/** The Evaluate view: plans what the form says, runs it on the open model, and keeps what comes of it. */
import { $ } from '../dom.js';
import { isAbort } from '../errors.js';
import { announce } from '../status.js';
import { EvaluateForm } from './form.js';
import { keyOf, planOf } from './plan.js';
import { Rating } from './rating.js';
import { Results } from './results.js';
import { Run } from './run.js';
import { alone, Store } from './store.js';

const FLUSH = 3000;
const LARGEST = 64e6;
const TASK = 'task.json';

export class EvaluateView {
  /** The evaluation that is planned or under way. @type {Run | null} */
  #run = null;
  #store = new Store();
  #visible = false;
  #stale = true;
  /** Counts plans, so that only the latest one is shown. */
  #turn = 0;
  #starting = false;
  #planned = Promise.resolve();
  #delay = 0;

  /** @param {{ session: object, fail(error: unknown): void, isLoading(): boolean, onBusy(): void, onIdle(): void, reload(tokens: number): Promise<void> }} page */
  constructor(page) {
    this.page = page;
    this.form = new EvaluateForm($('evaluate-form'), { change: () => this.#changed(), start: () => this.#start(), stop: () => page.session.stopMeasuring(),
      startOver: () => this.#startOver(), files: (files) => this.#readFile(files[0]), forget: () => this.#forget() });
    this.results = new Results($('evaluate-results'), { reload: (tokens) => this.#reload(tokens), rate: () => this.rating.open(this.#run) });
    this.rating = new Rating($('evaluate-main'), $('evaluate-results'), this.#store);
    addEventListener('pagehide', () => this.#store.flush());
  }

  /** The page tells whether the view is seen; it plans nothing before it is. */
  visible(visible) {
    this.#visible = visible;
    if (visible && this.#stale) this.#plan();
  }

  modelChanged() { this.#plan(); }

  /** Takes dropped files that are no models, while it is seen. @param {FileList} files */
  takeFiles(files) {
    if (!this.#visible || !files.length || [...files].some((file) => file.name.endsWith('.gguf'))) return false;
    this.#readFile(files[0]);
    return true;
  }

  /** Shows what can be done now. */
  showControls() {
    const { session } = this.page;
    const run = this.#run;
    const blocked = this.#blocked();
    this.form.show({ running: session.evaluating, blocked: blocked !== '', done: run?.done, total: run?.total, state: session.evaluating ? 'The chat waits meanwhile.' : blocked || this.#state(run) });
  }

  #state({ done, total, complete }) {
    if (complete) return `All ${total} responses are there.`;
    return done === 0 ? `${total} responses are to be made.` : `An earlier run has ${done} of ${total} responses.`;
  }

  /** Why it cannot start now; empty where it can. */
  #blocked() {
    const { session, isLoading } = this.page;
    if (isLoading() || !session.model) return isLoading() ? 'The model is being opened.' : 'No model is open.';
    if (session.answering) return 'The chat is writing an answer. Wait for it, or stop it there.';
    if (!this.form.values.setups.length) return 'Choose at least one set-up.';
    if (!this.form.form.checkValidity()) return 'One of the numbers cannot be used.';
    return this.#run ? '' : this.form.refused ? 'There is nothing to start.' : 'Planning …';
  }

  /** Plans anew, once the reader has stopped typing. */
  #changed() {
    clearTimeout(this.#delay);
    this.#run = null;
    this.showControls();
    this.#delay = setTimeout(() => this.#plan(), 200);
  }

  #plan() {
    clearTimeout(this.#delay);
    this.#turn += 1;
    this.#stale = true;
    if (this.#visible && this.page.session.model && !this.page.session.evaluating) this.#planned = this.#planNow(this.#turn, this.page.session.model);
    return this.#planned;
  }

  async #planNow(turn, model) {
    await this.#restoreFile();
    const plan = planOf(this.form.values, this.form.file);
    try {
      const run = plan.setups.length ? await this.#prepare(plan, model) : null;
      if (turn !== this.#turn) return;
      this.#stale = false;
      this.#run = run;
      this.rating.close();
      this.results.show(run, this.#store.trouble);
    } catch (error) {
      if (turn === this.#turn) this.form.refuse(String(error?.message ?? error));
    }
    this.showControls();
  }

  /** What an earlier run has is taken over; the package leaves out what failed or was said again. */
  async #prepare(plan, model) {
    const key = await keyOf(plan, model.info);
    const kept = (await this.#store.read(key)).filter((line) => plan.setups.includes(line.setup));
    const evaluation = await model.evaluate({ ...plan, lines: kept.map((line) => JSON.stringify(line)).join('\n') });
    return new Run({ plan, key, evaluation, model: model.info });
  }

  /** A second click while the first one plans or measures does nothing. */
  async #start() {
    if (this.#starting) return;
    this.#starting = true;
    try {
      await this.#startPlanned();
    } finally {
      this.#starting = false;
    }
  }

  async #startPlanned() {
    if (this.#delay || this.#stale) await this.#plan();
    const run = this.#run;
    if (!run || run.complete || this.#blocked() || this.page.session.evaluating) return;
    this.rating.close();
    await this.#alone(run.key, () => this.#measure(run));
  }

  /** Resolves to what `work` gives; to undefined where another tab is at it, which the reader is told. */
  #alone(key, work) {
    return alone(key, (free) => {
      if (free) return work();
      this.form.refuse('Another tab of this page is running this very evaluation.');
      return undefined;
    });
  }

  async #measure(run) {
    const { session, onBusy, onIdle, fail } = this.page;
    let told = 0;
    run.begin();
    this.form.tell(run.progress());
    const measuring = session.measure(run.evaluation, (line) => {
      this.#store.add(run.key, line);
      this.results.grow(() => this.#store.trouble);
      this.form.tell(run.progress());
      const quarter = Math.floor((4 * run.done) / run.total);
      if (quarter > told && !run.complete) announce(`Evaluation: ${run.progress()}.`);
      told = quarter;
    });
    announce('The evaluation has started.');
    onBusy();
    const flushing = setInterval(() => this.#store.flush(), FLUSH);
    try {
      await measuring;
      announce(run.complete ? 'The evaluation is complete.' : `Stopped at ${run.progress()}.`);
    } catch (error) {
      if (!isAbort(error)) fail(error);
    }
    clearInterval(flushing);
    await this.#store.flush();
    if (this.#run === run) this.results.settle(this.#store.trouble);
    onBusy();
    await onIdle();
  }

  async #startOver() {
    if (!this.#run || this.#blocked()) return;
    const { key } = this.#run;
    if (!await this.#alone(key, () => this.#store.remove(key).then(() => true))) return;
    await this.#plan();
    await this.#start();
  }

  async #reload(tokens) {
    await this.page.reload(tokens);
    await this.#planned;
    if (this.page.session.model?.info.contextLength === tokens) await this.#start();
  }

  async #forget() {
    await this.#store.clear();
    announce('All kept responses and ratings are deleted.');
    await this.#plan();
  }

  /** Becomes the task only if the engine can read it; until then all stays as it was. */
  async #readFile(file) {
    const { session } = this.page;
    if (!file) return;
    const whileRunning = 'Stop the evaluation before you choose another task.';
    if (session.evaluating) { this.form.refuse(whileRunning); return; }
    if (!session.model) { this.form.refuse('Wait until a model is open.'); return; }
    if (file.size > LARGEST) { this.form.refuse(`${file.name} is larger than 64 MB.`); return; }
    try {
      const task = { name: file.name, text: await file.text() };
      await session.model.evaluate({ task, setups: ['none'] });
      if (session.evaluating) throw new Error(whileRunning); // begun while the file was read
      this.form.setFile(task);
      this.#store.writeText(TASK, JSON.stringify(task));
    } catch (error) {
      this.form.refuse(`${file.name} cannot be used. ${error?.message ?? error}`);
    }
  }

  /** The task file of the last visit, if that was the task. */
  async #restoreFile() {
    if (!this.form.wantsFile || this.form.file) return;
    this.form.wantsFile = false;
    const kept = await this.#store.readText(TASK);
    if (kept) this.form.setFile(JSON.parse(kept), false);
  }
}
