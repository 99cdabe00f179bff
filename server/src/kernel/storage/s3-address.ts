import { z } from 'zod';
import { FactotumError } from '#kernel';
import { checkName } from './storage.ts';

/** Which bucket, at which server, and where in it. Credentials are never part of it. */
export interface S3Address {
  readonly bucket: string;
  /** With a slash at its end, or empty. */
  readonly prefix: string;
  /** Undefined: that of AWS. */
  readonly endpoint: string | undefined;
  /** Undefined: what the environment of the SDK says. */
  readonly region: string | undefined;
  readonly pathStyle: boolean;
  /** Whether each upload carries a CRC that the server checks; servers from before 2024 may not know it. */
  readonly checksums: boolean;
}

const querySchema = z.strictObject({
  endpoint: z.url({ protocol: /^https?$/ }).optional(),
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/)
    .optional(),
  'path-style': z.enum(['0', '1']).optional(),
  checksums: z.enum(['0', '1']).optional(),
});

/**
 * Reads `s3://bucket/prefix?endpoint=https://host:port&region=&path-style=0|1&checksums=0|1`. Servers with an endpoint of their own are
 * asked with the bucket in the path, since hardly any of them has a name for each bucket.
 *
 * @throws FactotumError `config.invalid` with what is wrong.
 */
export function parseS3Address(text: string): S3Address {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.protocol !== 's3:') throw invalid('begin it with s3:// and the name of a bucket');
  if (url.username !== '' || url.password !== '') throw invalid('leave credentials to the environment, as AWS_ACCESS_KEY_ID and the like');
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(url.host))
    throw invalid('a bucket has 3 to 63 lower-case letters, digits, dots and hyphens');
  const query = querySchema.safeParse(Object.fromEntries(url.searchParams));
  if (!query.success) throw invalid('behind the question mark it takes endpoint, region, path-style=1 and checksums=0');
  const prefix = url.pathname.replace(/^\/+|\/+$/g, '');
  try {
    if (prefix !== '') checkName(prefix);
  } catch {
    throw invalid('a prefix has lower-case letters, digits, dots, hyphens, underscores and slashes');
  }
  const { endpoint, region, 'path-style': style, checksums } = query.data;
  return {
    bucket: url.host,
    prefix: prefix === '' ? '' : `${prefix}/`,
    endpoint,
    region,
    pathStyle: style === undefined ? endpoint !== undefined : style === '1',
    checksums: checksums !== '0',
  };
}

const invalid = (what: string) => new FactotumError('config.invalid', `This is not the address of a storage: ${what}.`);
