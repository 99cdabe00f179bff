import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

/** A process that is to end, with whatever it left open. */
async function stopped(open: string): Promise<{ code: unknown; said: string }> {
  const script = `import { createLogger } from '#kernel';
    import { endWithin } from ${JSON.stringify(new URL('process-end.ts', import.meta.url).href)};
    ${open}
    endWithin(500, 0, createLogger({ level: 'warn' }));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { code, said };
}

test('a process that is to end does so whatever was left open, and says what that was', async () => {
  const { code, said } = await stopped(`import { createServer } from 'node:net'; createServer().listen(0, '127.0.0.1');`);
  assert.equal(code, 0);
  assert.match(said, /something was left open.*/);
  assert.match(said, /TCPServerWrap/);
});

test('one that left nothing open has nothing to say', async () => {
  assert.deepEqual(await stopped(''), { code: 0, said: '' });
});
