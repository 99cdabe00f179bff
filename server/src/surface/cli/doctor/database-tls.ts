import { isIP } from 'node:net';
import type { Config } from '#kernel';
import type { Finding } from './finding.ts';

const check = 'database TLS';
const fix =
  'Add ?sslmode=verify-full&sslrootcert=/path/to/ca.pem to the FACTOTUM_DATABASE_*URL settings; docs/mtls.md says more. Leave it if the network between is encrypted by other means.';

/** Whether connections to a database elsewhere are encrypted, to a server that has proved its name. One finding for all logins. */
export function examineDatabaseTls({ database }: Pick<Config, 'database'>): Finding[] {
  const given = [database.ownerUrl, ...Object.values(database.roleUrls ?? {})].filter((url) => url !== undefined);
  // A reference to a secret says nothing of what it leads to.
  const urls = given.filter((url) => URL.canParse(url) && /^postgres(?:ql)?:$/.test(new URL(url).protocol)).map((url) => new URL(url));
  const away = urls.filter((url) => !isNear(url));
  if (urls.length === 0) return [];
  if (away.length === 0) return [{ check, state: 'ok', text: 'not needed: the database is on this machine' }];
  const weak = away.find((url) => url.searchParams.get('sslmode') !== 'verify-full');
  if (weak === undefined) return [{ check, state: 'ok', text: 'connections are encrypted, and the server proves its name' }];
  const mode = weak.searchParams.get('sslmode');
  const text =
    mode === null || mode === 'disable'
      ? `connections to ${weak.hostname} are not encrypted: whoever is between reads and changes what goes over them`
      : `connections to ${weak.hostname} (sslmode=${mode}) do not check who answers`;
  return [{ check, state: 'warn', text, fix }];
}

/** Loopback, or a socket in the file system. */
function isNear(url: URL): boolean {
  const host = (url.searchParams.get('host') ?? decodeURIComponent(url.hostname)).replace(/^\[|\]$/g, '');
  return host === '' || host.startsWith('/') || host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
