import { appendFile, readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Tool } from '#flow/tool';

const input = z.strictObject({ value: z.enum(['before', 'after']) });
const output = z.looseObject({});

/**
 * Pays by adding a line to a file, without looking whether it has paid already: a second call would show. Where it hangs, it does so
 * before the payment or after it, as its value says, until its process is killed.
 */
export function payTool(path: string, hang: ((value: string) => Promise<never>) | null): Tool<typeof input, typeof output> {
  return {
    manifest: {
      tool: 'pay.slow',
      title: 'Pay',
      effect: 'money',
      risk: 'high',
      args: { value: { role: 'content', slot: 'text', title: 'Value' } },
      reversible: false,
      visibleOutside: true,
      readsPrivate: false,
      canLookup: true,
      timeoutMs: 120_000,
      headline: (args) => `Pay ${String(args.value)}`,
      consequence: 'Money leaves.',
    },
    input,
    output,
    async run({ key }, { value }) {
      if (value === 'before') await hang?.(value);
      await appendFile(path, `${key}\n`);
      if (value === 'after') await hang?.(value);
      return { kind: 'done', result: {} };
    },
    async lookup({ key }) {
      const paid = (await readFile(path, 'utf8')).split('\n');
      return paid.includes(key) ? { kind: 'done', result: {} } : { kind: 'absent' };
    },
  };
}
