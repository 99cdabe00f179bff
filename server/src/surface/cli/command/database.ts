import { z } from 'zod';
import { ask } from '../api.ts';
import type { Command } from '../command.ts';
import { holdDataFolder } from '../control/hold.ts';

export const databaseCommands: readonly Command[] = [
  {
    name: 'db prepare',
    usage: '[--show-logins]',
    about:
      'Bring the database to this release: roles, their passwords, migrations. npm start does it by itself; a cluster runs it once a release.',
    options: { 'show-logins': { type: 'boolean' } },
    async run({ given, deps, say }) {
      const config = deps.configure({ dataFolder: given.text('data') });
      // An embedded database must not be stopped under a server that starts meanwhile. With one running it is safe as it is.
      const hold = await holdDataFolder(config.dataFolder, { onWait: () => say('Waiting for a server that is starting or stopping.') });
      try {
        const { roleUrls, passwordsFile } = await deps.prepareDatabase(config, say);
        if (!given.flag('show-logins'))
          return {
            json: { prepared: true, passwordsFile },
            text: `The database is ready. The logins of its roles are in ${passwordsFile}.`,
          };
        const lines = Object.entries(roleUrls).map(([name, url]) => `${name}=${url}`);
        return { json: { prepared: true, passwordsFile, roleUrls }, text: lines.join('\n') };
      } finally {
        if (hold.kind === 'ours') await hold.release();
      }
    },
  },
  {
    name: 'db rotate',
    usage: '',
    about:
      'Give the logins that we made in the database new passwords, while everybody works. It is done every thirty days by itself. Not for logins that were given as settings.',
    async run({ backend }) {
      const { logins } = await ask(await backend(), z.object({ logins: z.array(z.string()) }), {
        method: 'POST',
        path: '/operator/database/rotation',
      });
      return { json: { rotated: logins }, text: `New passwords for: ${logins.join(', ')}` };
    },
  },
];
