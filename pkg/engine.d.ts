/**
 * The wasm module as `worker.js` sees it: `wasm/<build>/cosa.js`, generated from `src/web/`.
 * Every error it throws on purpose has a string `code`; anything else is a crash.
 */
import type { ConfigReading, FinishReason, Message, ModelInfo, PrefillProgress, SafetyConfig, SafetyConfigInput, SamplingOptions, Stats, Transcript } from './index.js';
import type { EngineOptions } from './protocol.js';

export interface EngineModule {
  /** Fetches and compiles the wasm. */
  default(from: { module_or_path: URL }): Promise<unknown>;
  Loader: new (options: EngineOptions) => Loader;
  /** The module and the memory, with which a helper joins. */
  threadParts(): [module: unknown, memory: unknown];
  /** In a helper: works until `stopHelpers`. */
  runHelper(): void;
  stopHelpers(): void;
}

/** Takes a model file by file, chunk by chunk, and packs it as it comes. */
export interface Loader {
  beginFile(totalBytes?: number): void;
  push(chunk: Uint8Array): void;
  endFile(): { filesDone: number; filesTotal: number };
  /** Consumes the loader. */
  finish(): Engine;
  /** Gives all up. */
  free(): void;
}

/** One model, its chats, and at most one generation at a time. */
export interface Engine {
  info(): Omit<ModelInfo, 'threadsReason'>;
  createChat(safetyConfig: SafetyConfigInput): number;
  setSafetyConfig(chat: number, safetyConfig: SafetyConfigInput): SafetyConfig | null;
  reading(chat: number): ConfigReading;
  send(chat: number, text: string, options: SamplingOptions): void;
  complete(text: string, options: SamplingOptions): void;
  respond(messages: Message[], options: SamplingOptions): void;
  /** One prefill chunk or one decode step of what `send`, `complete` or `respond` began. */
  step(): Step;
  /** Ends what runs; the steps left are held-back text and `done`. */
  abort(): void;
  retract(chat: number): string | null;
  transcript(chat: number): Transcript;
  closeChat(chat: number): void;
  tokenize(text: string): Uint32Array;
  detokenize(ids: Uint32Array): string;
  memoryBytes(): number;
}

export type Step =
  | ({ type: 'prefill' } & PrefillProgress)
  | { type: 'text'; channel: 'answer' | 'reasoning'; text: string }
  | { type: 'done'; finishReason: FinishReason; stats: Stats };

/** The module in `wasm/evaluation/`, as `evaluation.js` sees it. */
export interface EvaluationModule {
  default(from: { module_or_path: URL }): Promise<unknown>;
  Evaluation: new (options: EvaluationPlan) => EvaluationState;
}

export interface EvaluationPlan {
  task: string;
  files: { name: string; text: string }[];
  labels: string;
  taxonomy: string;
  setups: string[];
  limit?: number;
  seed: number;
  maxTokens: number;
  contextLength: number;
  system: string;
  safetyFrame: string;
  lines: string;
}

export interface EvaluationState {
  readonly total: number;
  /** The next prompt to answer; each is handed out once. */
  nextPrompt(): { key: number; messages: Message[]; maxTokens: number; temperature: number; seed: number } | null;
  reply(key: number, text?: string, reasoning?: string, failure?: string): void;
  /** Lines that could be judged by now, as JSON. */
  judge(): string[];
  report(): string;
  html(): string;
}
