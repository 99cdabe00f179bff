import { spawnSync } from 'node:child_process';

/** The Debian packages that system tests use, each with what it is for. The only such list. */
const systemPackages: readonly { readonly name: string; readonly use: string }[] = [
  { name: 'postgresql', use: 'the database suites on a PostgreSQL of the distribution' },
  { name: 'simplesamlphp', use: 'a SAML identity provider that is not ours' },
  { name: 'php-cli', use: 'what serves it' },
  { name: 'php-xml', use: 'what it reads and signs XML with' },
  { name: 'php-mbstring', use: 'what it compares texts with' },
  { name: 'awscli', use: "AWS's own client, at what stands in for AWS" },
  { name: 'python3-hvac', use: 'a client of Vault that is not ours, at what stands in for Vault' },
  { name: 'python3-cryptography', use: 'what opens our sealed objects without any code of ours' },
  { name: 'radicale', use: 'a CalDAV server that is not ours' },
  { name: 'litmus', use: 'what asks a WebDAV server everything that RFC 4918 says' },
  { name: 'rclone', use: 'a WebDAV client that is not ours' },
  { name: 'bubblewrap', use: 'what keeps tool programs from the rest of the machine' },
  { name: 'softhsm2', use: 'an HSM in software' },
  { name: 'opensc', use: 'what makes and deletes keys in it' },
  { name: 'g++', use: 'what compiles the package that speaks to it' },
  { name: 'make', use: 'likewise' },
  { name: 'dovecot-imapd', use: 'an IMAP server that is not ours' },
  { name: 'dovecot-lmtpd', use: 'what brings it mail' },
  { name: 'exim4-daemon-light', use: 'an SMTP server that is not ours' },
  { name: 'aqbanking-tools', use: 'a reader of camt.053 that is not ours' },
];

/** Whether the packages are there; otherwise one sentence for the person who reads the output. */
export type Installed = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Installs what is missing with apt-get, which needs root; no service is started. */
export function installSystemPackages(): Installed {
  const missing = systemPackages.map(({ name }) => name).filter((name) => !isPackageInstalled(name));
  if (missing.length === 0) return { ok: true };
  const command = `apt-get install ${missing.join(' ')}`;
  if (process.getuid?.() !== 0) return { ok: false, reason: `not root, so these packages must be installed first: ${command}` };
  console.log(`Installing Debian packages: ${missing.join(' ')} ...`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const install = ['-qq', '-y', '-o', 'Dpkg::Use-Pty=0', 'install', '--no-install-recommends', ...missing];
  for (const args of [['-qq', 'update'], install]) {
    const { status, stderr, error } = spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
    if (status !== 0) return { ok: false, reason: `apt-get ${args.join(' ')} failed: ${error?.message ?? stderr.trim()}` };
  }
  return { ok: true };
}

function isPackageInstalled(name: string): boolean {
  const { stdout } = spawnSync('dpkg-query', ['--show', '--showformat=${db:Status-Status}', name], { encoding: 'utf8' });
  return stdout === 'installed';
}
