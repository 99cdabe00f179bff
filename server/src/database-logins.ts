import { join } from 'node:path';
import type { Config, Logger, RoleUrls } from '#kernel';
import { type Embedded, type PasswordRotation, prepareDatabase, prepareOwner, startEmbedded, urlWithPasswordsFile } from '#kernel/database';

interface OpenedDatabase {
  readonly urls: RoleUrls;
  /** Null when this process never sees the owner's login. */
  readonly ownerUrl: string | null;
  readonly embedded: Embedded | undefined;
  /** What may be rotated; null when the operator gave us logins. */
  readonly passwords: PasswordRotation | null;
}

/**
 * The four roles' logins: given by the operator, or of a database that is prepared here, embedded or not. Those with passwords that we
 * made look them up at each new connection, as they are rotated meanwhile.
 */
export async function databaseLogins({
  config,
  log,
  onProgress,
}: {
  readonly config: Config;
  readonly log: Logger;
  readonly onProgress: (text: string) => void;
}): Promise<OpenedDatabase> {
  const { ownerUrl, roleUrls } = config.database;
  if (roleUrls !== undefined) return { urls: roleUrls, ownerUrl: null, embedded: undefined, passwords: null };
  if (ownerUrl !== undefined) {
    const passwordsFile = join(config.dataFolder, 'run', 'passwords.json');
    const prepared = await prepareDatabase(ownerUrl, { passwordsFile, onProgress });
    const look = (url: string) => urlWithPasswordsFile(url, passwordsFile);
    const urls = {
      app: look(prepared.app),
      engine: look(prepared.engine),
      sequencer: look(prepared.sequencer),
      auth: look(prepared.auth),
    };
    return { urls, ownerUrl, embedded: undefined, passwords: { ownerUrl, superuserUrl: null, passwordsFile } };
  }
  const started = await startEmbedded({ dataFolder: config.dataFolder, log, onProgress });
  const { passwordsFile } = started;
  // Every URL that is made of this one looks its password up as well.
  const embedded = { ...started, superuserUrl: urlWithPasswordsFile(started.superuserUrl, passwordsFile) };
  try {
    const owner = await prepareOwner(embedded.superuserUrl, { passwordsFile, database: 'factotum' });
    const urls = await prepareDatabase(owner, { passwordsFile, onProgress });
    return { urls, ownerUrl: owner, embedded, passwords: { ownerUrl: owner, superuserUrl: embedded.superuserUrl, passwordsFile } };
  } catch (error) {
    await embedded.stop();
    throw error;
  }
}
