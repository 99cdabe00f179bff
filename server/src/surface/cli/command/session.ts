import { z } from 'zod';
import { ask } from '../api.ts';
import type { Command } from '../command.ts';

export const sessionCommands: readonly Command[] = [
  {
    name: 'session link',
    usage: '[--tenant T]',
    about: 'Make a new one-time link that signs the owner of a tenant in, within 15 minutes.',
    async run({ backend, tenant }) {
      const open = await backend();
      const { url } = await ask(open, z.object({ url: z.string() }), {
        method: 'POST',
        path: '/operator/sign-in-links',
        tenant: await tenant(),
      });
      const note = open.kind === 'alone' ? '\nNo server is running: start it with npm start, then open the link.' : '';
      return { json: { url }, text: `${url}\n\nIt works once, within 15 minutes.${note}` };
    },
  },
];
