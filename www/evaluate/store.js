/** Keeps responses and ratings in this browser's private file system; where that fails, in memory, and says so. */

const FOLDER = 'cosa-evaluations';

export class Store {
  /** Why nothing can be kept, for the reader; empty while all is well. */
  trouble = '';
  /** Lines that are not written yet, by key. @type {Map<string, object[]>} */
  #pending = new Map();
  /** Whole files that could not be written. @type {Map<string, string>} */
  #unwritten = new Map();
  /** One write at a time. */
  #writing = Promise.resolve();

  async #folder() {
    if (!navigator.storage?.getDirectory) throw new Error('this browser gives the page no private file system');
    return (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true });
  }

  /** The text of a file; null where there is none. */
  async readText(name) {
    if (this.#unwritten.has(name)) return this.#unwritten.get(name);
    try {
      const file = await (await this.#folder()).getFileHandle(name);
      return await (await file.getFile()).text();
    } catch (error) {
      if (error.name !== 'NotFoundError') this.#fail(error);
      return null;
    }
  }

  writeText(name, text) {
    this.#unwritten.set(name, text);
    return this.#queue(() => this.#writeWhole(name, text));
  }

  /** All that is kept under `key`, in the order in which it came. */
  async read(key) {
    await this.#writing;
    const text = (await this.readText(`${key}.jsonl`)) ?? '';
    return [...text.split('\n').flatMap((line) => parse(line)), ...(this.#pending.get(key) ?? [])];
  }

  /** Notes a line; `flush` writes it. */
  add(key, line) {
    if (!this.#pending.has(key)) this.#pending.set(key, []);
    this.#pending.get(key).push(line);
  }

  /** Writes what was noted, and the files that could not be written. What cannot be stays in memory, and the next flush tries again. */
  flush() {
    return this.#queue(async () => {
      for (const [name, text] of this.#unwritten) await this.#writeWhole(name, text);
      for (const [key, lines] of this.#pending) {
        const count = lines.length;
        if (count > 0) await this.#write(`${key}.jsonl`, lines.map((line) => `${JSON.stringify(line)}\n`).join(''), true);
        lines.splice(0, count);
      }
    });
  }

  /** Forgets the responses under `key`. */
  remove(key) {
    this.#pending.delete(key);
    return this.#queue(async () => {
      try { await (await this.#folder()).removeEntry(`${key}.jsonl`); } catch (error) { if (error.name !== 'NotFoundError') throw error; }
    });
  }

  /** Forgets all responses and ratings. */
  clear() {
    this.#pending.clear();
    this.#unwritten.clear();
    return this.#queue(async () => {
      await this.#folder();
      await (await navigator.storage.getDirectory()).removeEntry(FOLDER, { recursive: true });
    });
  }

  #queue(work) {
    this.#writing = this.#writing.then(work).then(() => { this.trouble = ''; }, (error) => this.#fail(error));
    return this.#writing;
  }

  async #writeWhole(name, text) {
    await this.#write(name, text, false);
    if (this.#unwritten.get(name) === text) this.#unwritten.delete(name); // else a newer one waits
  }

  async #write(name, text, append) {
    const file = await (await this.#folder()).getFileHandle(name, { create: true });
    const stream = await file.createWritable({ keepExistingData: append });
    try {
      await stream.write({ type: 'write', position: append ? (await file.getFile()).size : 0, data: text });
      await stream.close();
    } catch (error) {
      await stream.abort().catch(() => {});
      throw error;
    }
  }

  #fail(error) {
    const full = error?.name === 'QuotaExceededError';
    this.trouble = `${full ? "This browser's storage is full" : `Nothing can be kept here (${error?.message ?? error})`}. `
      + 'The evaluation goes on in memory; save the responses before you close the page.';
  }
}

/** Runs `work(true)` while no other tab writes under `key`, else `work(false)`. */
export function alone(key, work) {
  if (!navigator.locks) return work(true);
  return navigator.locks.request(`cosa-evaluation-${key}`, { ifAvailable: true }, (lock) => work(lock !== null));
}

function parse(line) {
  try {
    const parsed = JSON.parse(line);
    return typeof parsed?.setup === 'string' && typeof parsed.config_id === 'string' ? [parsed] : [];
  } catch {
    return []; // empty, or not written by this page
  }
}
