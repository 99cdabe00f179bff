import { join } from 'node:path';
import { openDatabase, prepareDatabase, prepareOwner, startEmbedded } from '../../../server/src/kernel/database/index.ts';
import { createLogger, systemClock } from '../../../server/src/kernel/index.ts';
import { createAuditorKey, createKeyring, createLocalKek, onlyKek } from '../../../server/src/trust/key/index.ts';

/** The product's database and keys on a data folder, its own or that of a running server. */
export async function openParts(dataFolder: string) {
  const log = createLogger({ level: 'error' });
  const clock = systemClock;
  const embedded = await startEmbedded({ dataFolder, log });
  const { passwordsFile, superuserUrl } = embedded;
  const owner = await prepareOwner(superuserUrl, { passwordsFile, database: 'factotum' });
  const database = openDatabase(await prepareDatabase(owner, { passwordsFile }), { log });
  const keys = { folder: join(dataFolder, 'keys'), tenantsExist: async () => false };
  const auditor = await createAuditorKey(keys);
  const keyring = createKeyring({ db: database.app.db, keks: onlyKek(await createLocalKek(keys)), clock });
  const superuser = new URL(superuserUrl);
  superuser.pathname = '/factotum';
  return {
    log,
    clock,
    database,
    auditor,
    keyring,
    /** Steps around the tenant wall: for making a million rows, nothing else. */
    superuserUrl: superuser.href,
    /** The login that prepares the database and makes backups. */
    ownerUrl: owner,
    async close() {
      keyring.close();
      await database.close();
      await embedded.stop();
    },
  };
}
