/** The page: wires the panels, the conversation and the session together. The parts know nothing of each other. */
import { $, remember, save } from './dom.js';
import { configs, customConfig } from './configs.js';
import { ConfigPanel, showStarters } from './config-panel.js';
import { Conversation } from './conversation.js';
import { clearError, isAbort, showError } from './errors.js';
import { EvaluateView } from './evaluate/view.js';
import { ModelPicker, showLoading } from './model-picker.js';
import { Session } from './session.js';
import { Settings } from './settings.js';
import { announce, showStatus } from './status.js';
import { Tabs } from './tabs.js';

const prompt = $('prompt');
const remembered = remember.get('config');
const session = new Session(configs.find(({ id }) => id === remembered) ?? (remembered === 'custom' && remember.get('custom') ? customConfig(remember.get('custom')) : configs[2]));
const conversation = new Conversation($('conversation'), $('scroller'), $('to-end'));
const panel = new ConfigPanel(chooseConfig);
const picker = new ModelPicker((source, name) => open(source, name), (files) => evaluate.takeFiles(files));
const settings = new Settings(() => open(current.source, current.name));

let current = { source: undefined, name: 'Embedded model' };
let loading = null;
let answering = Promise.resolve();
let waitingConfig = null;
let dropsTurns = false;

const evaluate = new EvaluateView({ session, fail, isLoading: () => loading !== null, onBusy: showControls, onIdle: takeWaitingConfig,
  reload: (contextLength) => { settings.contextLength = contextLength; return open(current.source, current.name); } });

// Loading a model

async function open(source, name) {
  loading?.abort();
  const controller = new AbortController();
  loading = controller;
  session.stop();
  clearError();
  showControls();
  await Promise.all([answering, session.stopMeasuring()]);
  const card = showLoading(name, () => controller.abort());
  try {
    await session.load(source, { contextLength: settings.contextLength, signal: controller.signal, onProgress: card.progress });
    current = { source, name };
    rememberConfig();
    startOver();
    showReading();
    evaluate.modelChanged();
    announce(`${name} is ready.`);
  } catch (error) {
    if (loading === controller) loadFailed(error, controller.signal.aborted); // another load has taken its place otherwise
  } finally {
    if (loading === controller) { loading = null; card.done(); }
    showControls();
  }
}

function loadFailed(error, cancelled) {
  const first = !session.model;
  if (first) picker.show('No model', null);
  const retry = { label: first ? 'Load the embedded model' : 'Choose another model', run: () => (first ? open(undefined, 'Embedded model') : $('open-model').click()) };
  if (isAbort(error) || cancelled) {
    announce('Loading was cancelled.');
    if (first) showError({ code: 'cancelled', message: 'Loading was cancelled; no model is open.' }, retry);
  } else showError(error, retry);
}

function startOver() {
  conversation.clear();
  picker.show(current.name, session.model.info);
  panel.writer.show(session.model.info.topics);
  $('model-note').hidden = current.source !== undefined;
  showWelcome();
  refreshStatus();
}

/** Shows what failed; where the engine is gone, only a fresh load brings it back. */
function fail(error) {
  const gone = ['engine_crashed', 'out_of_memory', 'freed'].includes(error?.code);
  showError(error, gone && { label: 'Load the model again', run: () => open(current.source, current.name) });
}

// Choosing a config

function takeWaitingConfig() { return waitingConfig && chooseConfig(waitingConfig); }

async function chooseConfig(config) {
  if (session.busy) { waitingConfig = config; panel.showPending(config); return; }
  waitingConfig = null;
  try {
    const before = await session.switchConfig(config);
    rememberConfig();
    if (session.model) clearError(); // the banner of a page without one has the button that loads it
    if (before.text !== config.text) markSwitch(config);
  } catch (error) {
    fail(error);
    if (config.id === 'custom') { panel.refuse(error.message); return; }
  }
  panel.show(session.config);
  showWelcome();
  showControls();
  showReading();
}

/** Only a model that reads the rules one by one can tell how. */
async function showReading() {
  const { model, config } = session;
  const tells = model?.info.safetyFrame === 'read' && config.text !== '';
  const reading = tells ? await session.reading().catch(() => null) : null; // a chat may be closed meanwhile
  if (session.model === model && session.config === config) panel.showReading(reading, config.name);
}

/** Only what an engine has accepted is there at the next visit: with a refused config no model opens. */
function rememberConfig() {
  if (!session.model) return;
  const { id, text } = session.config;
  remember.set('config', id);
  if (id === 'custom') remember.set('custom', text);
}

function markSwitch(config) {
  announce(`Config changed to ${config.name}.`);
  if (!conversation.turns) return;
  const question = lastQuestion;
  conversation.divider(config, question && (() => ask(question)));
}

// Asking and answering

let lastQuestion = null;
let retracting = false;

/** Whether nothing can be asked now. */
const blocked = () => !session.model || session.busy || retracting || loading !== null;

function ask(text) {
  if (!text.trim() || blocked()) return;
  answering = answer(text);
  prompt.focus();
}

async function answer(text) {
  clearError();
  let question;
  let shown;
  const begin = (config) => {
    lastQuestion = text;
    $('welcome').hidden = true;
    question = conversation.question(text);
    shown = conversation.answer(config, () => again(question, shown));
  };
  const asked = session.ask(text, settings.sampling(), { begin, piece: (p) => shown.piece(p), reasoning: (p) => shown.reasoning(p), progress: (p) => shown.progress(p) });
  showControls();
  try {
    const record = await asked;
    if (record) {
      shown.finish(record);
      tellOutcome(shown, record);
    } else {
      takeBack(text, question, shown);
      announce('Stopped.');
    }
  } catch (error) {
    takeBack(text, question, shown);
    fail(error);
  }
  conversation.idle();
  showControls();
  refreshStatus();
  await takeWaitingConfig();
}

function tellOutcome(shown, { finishReason, stats }) {
  const drops = (stats?.droppedTurns ?? 0) > 0;
  if (drops && !dropsTurns) conversation.notice('In a long conversation the model is shown the last turns alone, as for this answer. The safety config always stays.');
  dropsTurns = drops;
  announce(finishReason === 'abort' ? 'Stopped.' : `Answer under ${shown.config.name}: ${shown.text}`);
}

async function again(question, shown) {
  if (blocked()) return;
  let text;
  retracting = true;
  try {
    text = (await session.retract()) ?? lastQuestion;
    conversation.remove(question, shown.node);
  } catch (error) {
    fail(error);
    return;
  } finally {
    retracting = false;
  }
  ask(text);
}

/** A message that was not answered returns to the box, before what was typed meanwhile. */
function takeBack(text, question, shown) {
  conversation.remove(question, shown.node);
  showWelcome();
  prompt.value = prompt.value ? `${text}\n${prompt.value}` : text;
  fit();
  prompt.focus();
}

async function newChat() {
  if (!session.model || loading || session.evaluating) return;
  session.stop();
  await answering;
  try { await session.newChat(); } catch (error) { fail(error); return; }
  clearError();
  startOver();
  announce('New chat.');
  prompt.focus();
}

// What the page shows around the conversation

function showWelcome() {
  if (!conversation.turns) lastQuestion = null;
  $('welcome').hidden = conversation.turns > 0;
  showStarters($('starters'), session.config, ask);
}

function showControls() {
  const focusLost = document.activeElement === $('stop') || document.activeElement === $('send');
  $('send').hidden = session.answering;
  $('stop').hidden = !session.answering;
  const unready = !session.model || loading !== null;
  $('send').disabled = $('new-chat').disabled = unready || session.evaluating;
  $('download').disabled = unready;
  document.querySelectorAll('.starter').forEach((starter) => { starter.disabled = blocked(); });
  document.querySelectorAll('.again, .divider .button').forEach((button) => { button.disabled = blocked(); });
  prompt.placeholder = loading ? 'The model is being opened; you can write already' : unready ? 'No model is open; you can write already'
    : session.evaluating ? 'The model is being evaluated; you can write already' : 'Ask something';
  $('evaluating').hidden = !session.evaluating;
  if (focusLost) prompt.focus();
  evaluate.showControls();
}

async function refreshStatus() {
  showStatus(session.model?.info, session.stats, await session.memory());
}

function download() {
  save('cosa-transcript.json', 'application/json', JSON.stringify(session.chat.transcript(), null, 2));
}

function toggleTheme() {
  const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  document.documentElement.dataset.theme = dark ? 'light' : 'dark';
  try { localStorage.setItem('cosa.theme', document.documentElement.dataset.theme); } catch { /* not remembered */ }
}

function fit() {
  prompt.style.height = 'auto';
  prompt.style.height = `${Math.min(prompt.scrollHeight, innerHeight * 0.35)}px`;
}

function submit() {
  const text = prompt.value;
  if (!text.trim() || blocked()) return;
  prompt.value = '';
  fit();
  ask(text);
}

$('composer').addEventListener('submit', (event) => { event.preventDefault(); submit(); });
prompt.addEventListener('input', fit);
prompt.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) { event.preventDefault(); submit(); }
});
addEventListener('keydown', (event) => { if (event.key === 'Escape' && tabs.shown === 'chat' && session.answering && !document.querySelector('dialog[open]')) session.stop(); });
$('stop').addEventListener('click', () => session.stop());
$('new-chat').addEventListener('click', newChat);
$('download').addEventListener('click', download);
$('theme').addEventListener('click', toggleTheme);

$('show-evaluation').addEventListener('click', () => tabs.choose('evaluate'));

const tabs = new Tabs((name) => evaluate.visible(name === 'evaluate'));
panel.show(session.config);
picker.show('Opening…', null);
showWelcome();
open(current.source, current.name);
