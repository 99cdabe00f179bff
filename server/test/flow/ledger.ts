import { appendFile, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { Tool } from '#flow/tool';

const input = z.strictObject({ text: z.string() });
const output = z.looseObject({});

/** How long the far side takes, in milliseconds, half of it before and half after the effect: a kill meets each side of it. */
const slowMsMax = 150;

/** Adds a line to a file, as a far side that keeps no keys of its own would: called twice, it acts twice. It can say what it has. */
export function ledgerTool(path: string): Tool<typeof input, typeof output> {
  const slow = () => pause((Math.random() * slowMsMax) / 2);
  return {
    manifest: {
      tool: 'ledger.add',
      title: 'Add a line',
      effect: 'write',
      risk: 'low',
      args: { text: { role: 'content', slot: 'text', title: 'Text' } },
      reversible: true,
      visibleOutside: false,
      readsPrivate: false,
      canLookup: true,
      timeoutMs: 5_000,
      headline: (args) => `Add ${String(args.text)}`,
      consequence: 'A line is added.',
    },
    input,
    output,
    async run(context, { text }) {
      await slow();
      // One small write at the end of the file is whole or not at all, whoever else writes.
      await appendFile(path, `${context.key} ${text}\n`);
      await slow();
      return { kind: 'done', result: {} };
    },
    async lookup(context) {
      const lines = (await readFile(path, 'utf8')).split('\n');
      return lines.some((line) => line.startsWith(`${context.key} `)) ? { kind: 'done', result: {} } : { kind: 'absent' };
    },
    undo: async () => ({ kind: 'done', result: {} }),
  };
}
