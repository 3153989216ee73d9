/**
 * Chat with a quantized GGUF model under a safety config, entirely in the browser.
 *
 * The engine runs in a worker of its own, one for each loaded model. Nothing is fetched but the files of
 * this package and the addresses that you name.
 */

/**
 * Where a model comes from.
 * - `undefined`: the small model that comes with this package.
 * - a URL or string: an http(s), blob or data address, relative ones against the page. The address of one
 *   shard (`…-00001-of-00003.gguf`) stands for all of them. Another origin must allow the page by CORS.
 * - a `File` or `Blob`: read in place, never copied as a whole.
 * - a list: the shards of one model; sorted by their names where all of them have shard names.
 */
export type ModelSource = undefined | string | URL | Blob | readonly (string | URL | Blob)[];

export interface LoadOptions {
  /** Where the arithmetic runs. `'auto'` is the fastest there is, today `'cpu'`; `'webgpu'` gives `unsupported_backend`. */
  backend?: 'auto' | 'cpu' | 'webgpu';
  /** CPU threads to use at most. `model.info.threads` tells how many are used, `threadsReason` why not more. */
  threads?: number;
  /** Tokens of prompt and answer together; less takes less memory. Default: what the model was trained on, at most 4,096. More than it was trained on is possible, with worse answers. */
  contextLength?: number;
  /** How keys and values are kept: `'int8'`, the default, takes a quarter of the memory of `'f32'`. Models with heads shorter than 64 always have `'f32'`. */
  kvCache?: 'int8' | 'f32';
  /** SHA-256 of the model's bytes, 64 hexadecimal digits; other bytes give `digest_mismatch`. */
  sha256?: string;
  /** Ed25519 public key of whoever may sign safety configs. This version verifies no signatures yet: a model with an authority answers `unauthorized` to every config, and to none. */
  authority?: string;
  /** Called while the model loads; an error it throws is reported to the console and changes nothing. */
  onProgress?: (progress: LoadProgress) => void;
  /** Aborting ends the download and frees all memory; `load` rejects with the signal's reason. */
  signal?: AbortSignal;
}

export interface LoadProgress {
  /** `engine`: the WebAssembly module starts. `download`, `read`: bytes come from an address or a file. `prepare`: the last checks. */
  phase: 'engine' | 'download' | 'read' | 'prepare';
  /** Bytes of the current file so far. */
  loaded: number;
  /** Bytes of the current file; 0 where it is not known (yet). */
  total: number;
  /** The current file, from 1. */
  file: number;
  /** Files of the model; more than 1 for shards. */
  files: number;
}

export interface ModelInfo {
  /** The family, for example `llama` or `qwen3`. */
  architecture: string;
  name?: string;
  /** The block format of most weights, for example `Q4_K`. */
  quantization: string;
  /** Number of weights. */
  parameters: number;
  /** Tokens that prompt and answer may take together. */
  contextLength: number;
  /** The context the model was trained with. */
  trainedContextLength: number;
  vocabularySize: number;
  backend: 'cpu' | 'webgpu';
  /** Which kernels run: `relaxed-simd128`, or `simd128` where the browser lacks those. */
  backendDetail: string;
  threads: number;
  /** Why so many threads and not more. */
  threadsReason: string;
  /** SHA-256 of the model's bytes, hexadecimal. */
  sha256: string;
  /** Bytes that the weights take in memory. */
  weightBytes: number;
  /** How the model wants to see a config: in the frame of the paper, as it is, or as what it reads in each rule, which the engine asks it for. */
  safetyFrame: 'guideline' | 'plain' | 'read';
  /**
   * What the model learned to read rules on, where its file tells. The embedded model reads every rule as it is meant that has the form
   * `Alcohol is allowed, except cocktails.`, and `Everything else is not allowed.`
   */
  topics?: KnownTopic[];
  /** The licence that the file names. */
  license?: string;
}

/** A topic, and the parts of it that a rule may except, by the names that {@link RuleReading.readAs} has. */
export interface KnownTopic {
  name: string;
  parts: string[];
}

/** A policy in natural language. Equal texts have equal hashes; the name is a label only. */
export interface SafetyConfig {
  name?: string;
  text: string;
  /** SHA-256 of the text, hexadecimal. */
  hash: string;
}

/** What may be given as a config: a text, a text with a name, or null for none. A `hash` is not read but computed anew. */
export type SafetyConfigInput = null | string | { name?: string; text: string; hash?: string };

/** How an answer is drawn and when it stops. Unknown names and impossible values give `invalid_option`. */
export interface SamplingOptions {
  /** Tokens to generate at most. Default 512. */
  maxTokens?: number;
  /** 0, the default, always takes the most likely token. */
  temperature?: number;
  /** Draw among this many of the most likely tokens; 0, the default, is no limit. */
  topK?: number;
  /** Draw among the fewest tokens whose probabilities reach this sum; 1, the default, is all. */
  topP?: number;
  /** Leave out tokens less likely than this times the most likely one; 0, the default, is off. */
  minP?: number;
  /** Above 1: tokens that occurred lately become less likely; 1, the default, is off. */
  repetitionPenalty?: number;
  /** Whole number from 0 to 2^53 - 1. Same model, prompt, options and seed: same text. Picked at random where chance is used and none is given. */
  seed?: number;
  /** The answer ends before the first of these strings. */
  stop?: string[];
  /** Go on after the model's end-of-turn token, for benchmarks. */
  ignoreEos?: boolean;
}

export interface SendOptions extends SamplingOptions {
  /** Aborting ends the answer within one step of the engine; the iteration rejects with the signal's reason. What was written stays in the transcript. */
  signal?: AbortSignal;
  /** Called with each piece of text between `<think>` tags. */
  onReasoning?: (piece: string) => void;
  /** Called while the prompt is read. */
  onProgress?: (progress: PrefillProgress) => void;
}

export interface PrefillProgress {
  /** Prompt tokens read so far, cached ones included. */
  done: number;
  /** Tokens of the prompt. */
  total: number;
  /** Prompt tokens that were still there from the turn before. */
  cached: number;
}

/** `stop`: the model or a stop string ended it. `length`: `maxTokens`. `context`: the context is full. `abort`: you ended it. */
export type FinishReason = 'stop' | 'length' | 'context' | 'abort';

/** Counts are tokens, times milliseconds. */
export interface Stats {
  promptTokens: number;
  cachedTokens: number;
  prefillMs: number;
  decodedTokens: number;
  decodeMs: number;
  timeToFirstTokenMs: number;
  /** Old exchanges left out of the prompt, because the context is too small or the model has learned shorter conversations. The safety config never is. */
  droppedTurns: number;
  tokensInContext: number;
  contextLength: number;
}

export interface UserMessage {
  role: 'user';
  content: string;
}

/** How a model reads a config, and what it is told of it. */
export interface ConfigReading {
  rules: RuleReading[];
  /** What all rules say together, which answers are made by: `alcohol no except cocktails, else yes.`; `else` stands for all topics without a rule. */
  told: string;
}

/** A rule of the config as the model read it before it answered. */
export interface RuleReading {
  /** The sentence or list item. */
  rule: string;
  /**
   * What the model took it to say, such as `alcohol no except cocktails`; `else` stands for all other topics.
   * `-` where it found no rule, `not understood` where it said nothing of the kind. Where it read nothing of all other
   * topics, or is not sure that it understood something, it is told to refuse them.
   */
  readAs: string;
  /** How likely it found these words, from 0 to 1; a name of the rule that it would misspell counts as that. */
  probability: number;
  /** Whether that is likely enough to count as it is; else it allows nothing, and denies what it may deny. */
  sure: boolean;
  /**
   * What else it may say, from a probability of 0.1 on. What one of these denies, wholly or in part, the model is told to
   * refuse, but where it is sure of what `readAs` says of the same topic.
   */
  alternatives: { says: string; probability: number }[];
  /** Whether the answer was decided by it. */
  decides: boolean;
}

/** An answer with all that is needed to make it again. */
export interface AssistantMessage {
  role: 'assistant';
  content: string;
  /** Text between `<think>` tags. */
  reasoning?: string;
  /** How the model read the rules of the config; only where `safetyFrame` is `read`. */
  rules?: RuleReading[];
  /** The config that this answer was given under. */
  safetyConfig: SafetyConfig | null;
  seed: number;
  sampling: SamplingOptions;
  finishReason: FinishReason;
  stats: Stats;
}

export interface Transcript {
  modelSha256: string;
  messages: (UserMessage | AssistantMessage)[];
}

/**
 * An answer as it comes: `for await (const piece of generation)` gives its text, without reasoning.
 * It runs from the moment it is made; pieces wait for a slow reader. Leaving the loop early stops the engine.
 */
export interface Generation extends AsyncIterableIterator<string, undefined> {
  /** Stops the generation; resolves when the model is free for the next one. */
  return(): Promise<IteratorResult<string, undefined>>;
  /** Text between `<think>` tags so far. */
  readonly reasoning: string;
  /** How it ended; undefined until then. */
  readonly finishReason: FinishReason | undefined;
  /** What it took; undefined until it has ended. */
  readonly stats: Stats | undefined;
}

/** A loaded model. */
export declare class ChatModel {
  /**
   * Loads a model into a worker of its own.
   *
   * Rejects with a {@link CosaError}, or with the signal's reason when aborted. A failed load leaves nothing behind.
   */
  static load(source?: ModelSource, options?: LoadOptions): Promise<ChatModel>;

  readonly info: ModelInfo;

  /**
   * Begins a conversation under `safetyConfig` (default none). Await `chat.ready` to learn at once whether the config was accepted.
   * A config that was lost must not be taken for none: an unknown name throws `invalid_option`, and `undefined` is refused
   * with `invalid_safety_config`.
   */
  chat(options?: { safetyConfig?: SafetyConfigInput }): Chat;

  /** Continues `text` as it stands: no chat frame, no safety config, no transcript. Refused where the model has an authority. */
  complete(text: string, options?: SendOptions): Generation;
  /**
   * An answer to messages that stand as they are: a system message at most, in front, then user and assistant in turns,
   * a user last. Where `safetyFrame` is `read`, the system message is taken for a safety config and read. Nothing is recorded. What the prompt shares with the last such call is not prefilled again.
   */
  respond(messages: Message[], options?: SendOptions): Generation;
  /** Plans a measurement of how well this model follows safety configs; `run()` of the result carries it out. */
  evaluate(options?: EvaluateOptions): Promise<Evaluation>;

  /** Token ids of plain text: no begin token, and no text becomes a control token. */
  tokenize(text: string): Promise<Uint32Array>;
  /** The text of token ids. */
  detokenize(ids: Iterable<number>): Promise<string>;
  /** Bytes of WebAssembly memory that the engine holds. */
  memoryBytes(): Promise<number>;

  /** Ends the worker and frees all memory at once. What is pending or asked later rejects with `freed`. May be called again. */
  free(): void;
}

/** One conversation. Made by {@link ChatModel.chat}. */
export declare class Chat {
  /** Settles when the engine has accepted the first safety config, or rejects with why not; then every call does, until {@link setSafetyConfig} gives an acceptable one. */
  readonly ready: Promise<void>;
  /** The config that the next answer is given under, as the engine has confirmed it. */
  readonly safetyConfig: SafetyConfig | null;
  /** Reasoning of the latest answer, if any; grows while it runs. */
  readonly lastReasoning: string | undefined;
  /** Counts and times of the latest answer; undefined until it has ended. */
  readonly lastStats: Stats | undefined;

  /**
   * Asks, and streams the answer. One generation runs at a time on a model: another rejects with `wrong_state`.
   * Errors come out of the iteration, and the chat is as it was before.
   */
  send(text: string, options?: SendOptions): Generation;

  /** Puts the conversation under another config from the next answer on; resolves to it. A refused one changes nothing. */
  setSafetyConfig(safetyConfig: SafetyConfigInput): Promise<SafetyConfig | null>;

  /**
   * How the model reads the config in force, before anything is asked: what it misreads, it will not follow.
   * Empty where `safetyFrame` is not `read`. Nothing is decided yet, so no `decides` is true.
   */
  reading(): Promise<ConfigReading>;

  /** Takes the last user message and its answer back; resolves to the user's text, or null where there is none. */
  retract(): Promise<string | null>;

  /** A copy of all messages up to the latest finished or stopped answer. Readable even after `free` or a crash. */
  transcript(): Transcript;

  /** Stops what runs in this chat and frees its memory. The transcript stays readable. */
  close(): Promise<void>;
}

/** An error with a cause that a program can act on. */
/** A turn for `respond`. */
export interface Message {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** Unknown names and impossible values give `invalid_option`. */
export interface EvaluateOptions {
  /** The built-in benchmark, or the text of a JSON Lines file: CoSApien (`prompt`, `scenario`, `type`), CoSAlign-Test, XSTest, AILuminate. */
  task?: 'builtin' | { name: string; text: string };
  /** Ways to use the model: `none`, `ica`, `ica-5shot`, `numbered-rules`, `cascade-oracle`, `best-of-N`. Default: none, ica. */
  setups?: string[];
  /** Prompts of each config at most. */
  limit?: number;
  /** For sampling, for the choice of prompts and for the intervals. Default 0. */
  seed?: number;
  /** Tokens of an answer at most. Default 256. */
  maxTokens?: number;
  /** The lines of an earlier run of the same plan, as JSON Lines: it goes on from there. */
  lines?: string;
}

/** A planned measurement. The judge is the rule-based one; `report().judge` tells how far it can be trusted. */
export declare class Evaluation {
  private constructor();
  /** Lines that were still to come when it was planned. */
  readonly total: number;
  /** All lines so far. */
  readonly lines: ResponseLine[];
  /** Asks and judges what is left. Leaving the loop or aborting stops; another call goes on. The model can do nothing else meanwhile. */
  run(options?: { signal?: AbortSignal }): AsyncGenerator<ResponseLine, void>;
  /** The numbers so far: the same as `report.json` of the command line. */
  report(): EvaluationReport;
  /** The report so far as one self-contained HTML page. */
  html(): string;
}

/** A response with its verdict: a line of `responses.jsonl`. */
export interface ResponseLine {
  setup: string;
  config_id: string;
  prompt_id: string;
  prompt: string;
  type: 'allowed' | 'disallowed' | 'partial' | 'safe' | null;
  response: string | null;
  reasoning?: string;
  /** Why there is no response. */
  failure?: string;
  verdicts: null | {
    /** 0 to 5; null where the judge did not decide. */
    helpfulness: number | null;
    addressed: boolean | null;
    rules: { rule: string; adherence: 'not_applicable' | 'follows' | 'violates' | 'undecided' }[];
    risks: string[];
    undecided?: string;
  };
}

export interface Interval { value: number; low: number; high: number }
export interface Outcomes { prompts: number; right: number; over_refusal: number; violation: number; invalid: number }

/** `report.json`; fields not listed here are documented in the Rust module `eval::report`. */
export interface EvaluationReport {
  schema: string;
  about: { task: string; system: string; limit: number | null; seed: number; max_tokens: number; context_length: number | null };
  judge: {
    name: string;
    measured: null | {
      labelled: number; undecided: number;
      violations: { precision: number | null; recall: number | null; kappa: number | null };
      helpful: { precision: number | null; recall: number | null; kappa: number | null };
    };
  };
  configs: { id: string; title: string; prompts: number; text: string | null }[];
  /** CoSA-Score of a system that answers all it may and refuses the rest; a right refusal counts 0. */
  perfect_score: number;
  setups: {
    name: string; responses: number; cosa_score: Interval;
    /** Percent. */
    helpful_safe: Interval; helpful_unsafe: Interval;
    invalid: number; invalid_reasons: Record<string, number>;
    outcomes: Record<string, Outcomes>;
    configs: { id: string; cosa_score: Interval; helpful_safe: number; helpful_unsafe: number; invalid: number }[];
    flip: null | { flips: number; flipped: number; unrelated: number; stayed: number };
  }[];
  comparisons: { a: string; b: string; difference: Interval; p_value: number }[];
}

export declare class CosaError extends Error {
  constructor(code: CosaErrorCode, message: string, options?: ErrorOptions);
  readonly code: CosaErrorCode;
}

/**
 * - The model: `not_gguf`, `malformed_gguf`, `truncated_gguf`, `unsupported_tensor_type`, `unsupported_architecture`,
 *   `missing_metadata`, `bad_metadata`, `missing_tensor`, `shape_mismatch`, `non_finite`, `tokenizer`, `template`, `digest_mismatch`.
 * - Its way here: `http` (the server said no), `network` (not reached, or broken off), `io` (a file cannot be read).
 * - What was asked: `invalid_option`, `invalid_safety_config`, `unauthorized`, `config_too_long`, `message_too_long`,
 *   `unsupported_backend`, `wrong_state`, `bad_record`.
 * - The engine: `engine_unavailable` (it does not start here), `out_of_memory` and `engine_crashed` (load again), `freed`.
 */
export type CosaErrorCode =
  | 'not_gguf' | 'malformed_gguf' | 'truncated_gguf' | 'unsupported_tensor_type' | 'unsupported_architecture'
  | 'missing_metadata' | 'bad_metadata' | 'missing_tensor' | 'shape_mismatch' | 'non_finite' | 'tokenizer' | 'template'
  | 'digest_mismatch' | 'http' | 'network' | 'io' | 'invalid_option' | 'invalid_safety_config' | 'unauthorized'
  | 'config_too_long' | 'message_too_long' | 'unsupported_backend' | 'wrong_state' | 'bad_record'
  | 'out_of_memory' | 'engine_unavailable' | 'engine_crashed' | 'freed';
