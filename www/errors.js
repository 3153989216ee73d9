/** What went wrong, in the reader's words, and what to do: one entry per code of `CosaError`. */
import { $, el, focusBack, icon } from './dom.js';

const damaged = ['This model file is damaged', 'Download it again, or open another file.'];
const unknown = ['This model is not supported', 'Open a GGUF file of the families llama, qwen2 or qwen3.'];

const advice = {
  not_gguf: ['That is not a GGUF model', 'Choose a file that ends in .gguf. If it came from a link, the link may lead to a web page instead of the file.'],
  malformed_gguf: damaged,
  truncated_gguf: damaged,
  missing_metadata: damaged,
  bad_metadata: damaged,
  missing_tensor: damaged,
  shape_mismatch: damaged,
  non_finite: damaged,
  digest_mismatch: ['This is not the file that was asked for', 'Check where it came from before you use it.'],
  unsupported_tensor_type: ['This quantization is not supported', 'Choose another quantization of the same model, for example Q4_K_M or Q8_0.'],
  unsupported_architecture: unknown,
  tokenizer: unknown,
  template: ["The model's chat template does not work", 'Open another file of this model, or another model.'],
  config_too_long: ['The safety config is too long for this model', 'Shorten it, or raise the context length in the settings and load the model again.'],
  message_too_long: ['The message is too long for this model', 'Shorten it; it is back in the box. A larger context length in the settings also helps.'],
  invalid_safety_config: ['This safety config cannot be used', 'Change its text and apply it again.'],
  unauthorized: ['This safety config is not authorized', 'The model was opened with an authority, and this version verifies no signatures yet. Open it without one.'],
  invalid_option: ['A setting has a value that cannot be used', 'Open the settings, or reset them.'],
  out_of_memory: ['There is not enough memory for this', 'Close other tabs, lower the context length, or open a smaller model.'],
  wrong_state: ['An answer is still being written', 'Wait for it, or stop it with Esc.'],
  http: ['The model could not be downloaded', 'Check the address.'],
  io: ['The file could not be read', 'Open it again; it may have been moved or changed.'],
  freed: ['The engine has stopped', 'Load the model again.'],
  engine_crashed: ['The engine has crashed', 'Load the model again. If it happens once more, the model may be too large for this browser.'],
  engine_unavailable: ['The engine could not be started', 'Use a current browser with WebAssembly, and load the page anew.'],
  unsupported_backend: ['This backend is not available', 'Choose another one.'],
  cancelled: ['No model is open', 'Load one to begin.'],
  network: ['The model could not be downloaded', 'Check the address and the connection. The other server must allow downloads from web pages (CORS).'],
};

const general = ['Something went wrong', 'Try again. If it stays, load the page anew.'];

export const isAbort = (error) => error?.name === 'AbortError';

/** Shows the banner; it stays until dismissed or until the next success. `action` is an optional `{ label, run }`. */
export function showError(error, action) {
  const code = error?.code ?? error?.name ?? 'error';
  const [title, hint] = advice[code] ?? general;
  const dismiss = () => { clearError(); focusBack(); };
  const close = el('button.button.icon', { 'aria-label': 'Dismiss this message', onclick: dismiss }, icon('close'));
  const more = action && el('button.button', { onclick: () => { dismiss(); action.run(); } }, action.label);
  $('banner-place').replaceChildren(el('div.banner', {},
    el('div', {},
      el('p', {}, el('strong', {}, title), ' ', el('code', {}, String(code))),
      el('p', {}, hint),
      el('p.small', {}, String(error?.message ?? error))),
    more, close));
}

export function clearError() {
  $('banner-place').replaceChildren();
}
