/** The package's JSDoc types and its hand-written declarations agree, by the compiler's own word. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

test('tsc --strict finds nothing in pkg/', () => {
  const tests = fileURLToPath(new URL('../', import.meta.url));
  const { status, stdout, stderr } = spawnSync(`${tests}node_modules/.bin/tsc`, ['--project', `${tests}tsconfig.json`], { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
});
