import { z } from 'zod';
import { ask } from '../api.ts';
import type { Command } from '../command.ts';

export const tokenCommands: readonly Command[] = [
  {
    name: 'token rotate',
    usage: '[--end-old]',
    about:
      'Sign short-lived tokens with a new key from now on, for all tenants. Earlier keys are published for 30 days more; with --end-old their tokens are refused within five seconds, which is for a key that somebody may have.',
    options: { 'end-old': { type: 'boolean' } },
    async run({ given, backend }) {
      const rotated = await ask(await backend(), z.object({ kid: z.string(), oldEndsAt: z.string() }), {
        method: 'POST',
        path: '/operator/token-keys/rotate',
        json: { endOld: given.flag('end-old') },
      });
      return { json: rotated, text: `${rotated.kid} signs now. Tokens of earlier keys are accepted until ${rotated.oldEndsAt}.` };
    },
  },
];
