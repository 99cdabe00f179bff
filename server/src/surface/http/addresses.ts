import { hostname, networkInterfaces } from 'node:os';

/** The addresses under which people reach this process. */
export interface Addresses {
  /** For the browser: pages of these origins are ours. */
  readonly origins: readonly string[];
  /** Whether a Host header names us. Whatever else it names, the request was sent to somebody else, as DNS rebinding does. */
  isOurs(host: string): boolean;
  /** Whether people come through TLS, by the public address. */
  readonly isSecure: boolean;
}

/**
 * What is known once the port is: loopback by its names, the address listened on (all of the machine's, when that is every one of them),
 * and the public URL.
 */
export function knownAddresses({ host, port, publicUrl }: { host: string; port: number; publicUrl: string | undefined }): Addresses {
  const listened = host === '0.0.0.0' || host === '::' ? ownNames() : [host];
  const urls = ['localhost', '127.0.0.1', '::1', ...listened].map(
    (name) => new URL(`http://${name.includes(':') ? `[${name}]` : name}:${port}`),
  );
  if (publicUrl !== undefined) urls.push(new URL(publicUrl));
  const hosts = new Set(urls.map((url) => url.host));
  return {
    origins: [...new Set(urls.map((url) => url.origin))],
    isOurs: (given) => hosts.has(given.toLowerCase()),
    isSecure: publicUrl !== undefined && new URL(publicUrl).protocol === 'https:',
  };
}

function ownNames(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  // Link-local addresses carry a zone that no Host header can.
  return [hostname(), ...addresses.map(({ address }) => address).filter((address) => !address.startsWith('fe80'))].filter((name) =>
    URL.canParse(`http://${name.includes(':') ? `[${name}]` : name}`),
  );
}
