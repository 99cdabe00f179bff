import { hostname, networkInterfaces } from 'node:os';

/** The addresses under which people reach this process. */
export interface Addresses {
  /** For the browser: pages of these origins are ours. */
  readonly origins: readonly string[];
  /** Whether a Host header names us. Whatever else it names, the request was sent to somebody else, as DNS rebinding does. */
  isOurs(host: string): boolean;
  /** Whether people come through TLS: ours, or that in front of the public address. */
  readonly isSecure: boolean;
}

interface Listened {
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string | undefined;
  /** Whether we serve HTTPS ourselves. */
  readonly tls?: boolean;
}

/**
 * What is known once the port is: the public URL, the address listened on (all of the machine's, when that is every one of them), and
 * loopback by its names. In this order, so the first origin is the one to show to people.
 */
export function knownAddresses({ host, port, publicUrl, tls = false }: Listened): Addresses {
  const isEvery = host === '0.0.0.0' || host === '::';
  const names = [...(isEvery ? [] : [host]), 'localhost', '127.0.0.1', '::1', ...(isEvery ? ownNames() : [])];
  const urls = [
    ...(publicUrl === undefined ? [] : [new URL(publicUrl)]),
    ...names.map((name) => new URL(`${tls ? 'https' : 'http'}://${bracketed(name)}:${port}`)),
  ];
  const hosts = new Set(urls.map((url) => url.host));
  return {
    origins: [...new Set(urls.map((url) => url.origin))],
    isOurs: (given) => hosts.has(given.toLowerCase()),
    isSecure: tls || (publicUrl !== undefined && new URL(publicUrl).protocol === 'https:'),
  };
}

function ownNames(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  // Link-local addresses need a zone, which no Host header can name.
  const reachable = addresses.map(({ address }) => address).filter((address) => !address.startsWith('fe80'));
  return [hostname(), ...reachable].filter((name) => URL.canParse(`http://${bracketed(name)}`));
}

const bracketed = (name: string): string => (name.includes(':') ? `[${name}]` : name);
