import { z } from 'zod';
import { ask } from '../api.ts';
import type { Command } from '../command.ts';

export const sessionCommands: readonly Command[] = [
  {
    name: 'session link',
    usage: '[--tenant T] [--email E]',
    about: 'Make a new one-time link that signs the owner of a tenant in, or the member with that address, within 15 minutes.',
    options: { email: { type: 'string' } },
    async run({ given, backend, tenant }) {
      const email = given.text('email');
      const open = await backend();
      const { url } = await ask(open, z.object({ url: z.string() }), {
        method: 'POST',
        path: '/operator/sign-in-links',
        tenant: await tenant(),
        json: email === undefined ? {} : { email },
      });
      const note = open.kind === 'alone' ? '\nNo server is running: start it with npm start, then open the link.' : '';
      return { json: { url }, text: `${url}\n\nIt works once, within 15 minutes.${note}` };
    },
  },
];
