import { isIP } from 'node:net';
import { z } from 'zod';

/** One setting: the schema says what is accepted, the rest is what a person reads. */
export interface Setting {
  readonly schema: z.ZodType;
  readonly fallback: string;
  readonly unit: string;
  readonly about: string;
}

export const text = z.string().min(1);
export const url = (protocols: readonly string[]) =>
  z
    .string()
    .refine(
      (value) => URL.canParse(value) && protocols.includes(new URL(value).protocol),
      `must be a URL starting with ${protocols.join(' or ')}//`,
    );
export const postgresUrl = url(['postgres:', 'postgresql:']);
export const items = z.string().transform((value) => value.split(',').map((item) => item.trim()));
export const network = z.string().refine(isNetwork, 'must be networks like 10.0.0.0/8 or 2001:db8::/32, several with commas');
const rateClasses = ['sign-in', 'read', 'write', 'intake', 'export'] as const;
export const rate = z
  .string()
  .regex(
    new RegExp(`^(${rateClasses.join('|')})=[1-9]\\d{0,8}$`),
    `must be like read=60000, several with commas; classes: ${rateClasses.join(', ')}`,
  )
  // The pattern has just been matched: a class and a number.
  .transform((text) => [text.split('=')[0] as RateClass, Number(text.split('=')[1])] as const);
export const hosts = z
  .string()
  .transform((value) => value.split(',').map((host) => host.trim().toLowerCase()))
  .pipe(z.array(z.string().regex(/^(\[[0-9a-f:]+\]|[a-z0-9.-]+):\d{1,5}$/, 'must be host:port, several with commas')));
export const connectorPackages = z
  .string()
  .transform((value) => value.split(',').map((name) => name.trim()))
  .pipe(
    z.array(
      z
        .string()
        .regex(/^(?:\/.+|(?:@[a-z0-9._-]+\/)?[a-z0-9][a-z0-9._-]*)$/, 'must be names of packages or absolute paths, several with commas'),
    ),
  );
/** Folders that tenants may watch: `tenant=/absolute/path`, several with commas. */
export const tenantFolders = z
  .string()
  .transform((value) => value.split(',').map((entry) => entry.trim()))
  .pipe(
    z.array(
      z
        .string()
        .regex(/^[^=,]+=(?:\/|[A-Za-z]:[\\/]).*$/, 'must be like acme=/srv/scans: a tenant and an absolute path, several with commas')
        .transform((entry) => ({ tenant: entry.slice(0, entry.indexOf('=')), path: entry.slice(entry.indexOf('=') + 1) })),
    ),
  );
export const secretPlace = z
  .string()
  .regex(
    /^(vault|aws|azure)\/.*\{tenant\}.*\/$/,
    'must be like vault/kv/tenants/{tenant}/: a store, a place with {tenant} in it, a slash at the end',
  );
export const kekAddress = z
  .string()
  .regex(
    /^(local|passphrase|aws-kms|azure-key-vault|gcp-kms|vault-transit|pkcs11):/,
    'must begin with local:, passphrase:, aws-kms:, azure-key-vault:, gcp-kms:, vault-transit: or pkcs11:',
  );
export const flag = z.enum(['0', '1']).transform((value) => value === '1');
export const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min).max(max));
export const roleNames = ['api', 'worker', 'watcher', 'tools'] as const;
export const clientAddressHeaders = ['x-forwarded-for', 'cf-connecting-ip', 'x-real-ip'] as const;

export type Role = (typeof roleNames)[number];
/** What a request is about, as its limits see it. */
export type RateClass = (typeof rateClasses)[number];
/** Where a trusted proxy says who the client is. */
export type ClientAddressHeader = (typeof clientAddressHeaders)[number];

/** An address and how many of its bits count. */
function isNetwork(text: string): boolean {
  const [base = '', bits = '', ...rest] = text.split('/');
  const family = isIP(base);
  return family !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128) && rest.length === 0;
}

/** `[::1]:443` or `name:443`, as the pattern has just found it. */
export function hostAndPort(text: string): { readonly host: string; readonly port: number } {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}
