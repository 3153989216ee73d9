/** Chat with a GGUF model under a safety config, in the browser. `index.d.ts` documents every name. */

export { ChatModel } from './model.js';
export { Chat } from './chat.js';
export { Evaluation } from './evaluation.js';
export { CosaError } from './errors.js';
