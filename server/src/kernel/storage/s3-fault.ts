import { FactotumError } from '#kernel';
import { full, unavailable } from './storage.ts';

/** What an error of the SDK says, as far as anything depends on it. */
interface S3Error extends Error {
  readonly Code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const isError = (cause: unknown): cause is S3Error => cause instanceof Error;
const statusOf = (cause: S3Error): number | undefined => cause.$metadata?.httpStatusCode;

/** Of servers that are not AWS: MinIO, Ceph, Garage and the rest each have a word for it. */
const fullNames =
  /^(?:QuotaExceeded|XMinioStorageFull|XMinioAdminBucketQuotaExceeded|InsufficientCapacity|InsufficientStorage|EntityTooLarge)$/;
const deniedNames = /^(?:AccessDenied|Forbidden|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|AccountProblem)$/;

/** Whether the object is not there. That the bucket is not there is another matter. */
export const isMissing = (cause: unknown): boolean => isError(cause) && (cause.name === 'NoSuchKey' || cause.name === 'NotFound');

/** Whether nothing of the object lies in the range that was asked for. */
export const isBehindEnd = (cause: unknown): boolean => isError(cause) && (cause.name === 'InvalidRange' || statusOf(cause) === 416);

/** An error of the SDK as one of ours. The message names no object: only what an operator has to do. */
export function s3Fault(address: string, cause: unknown): FactotumError {
  if (cause instanceof FactotumError) return cause;
  if (!isError(cause)) return unavailable(`The storage ${address} does not answer as it should.`, cause);
  if (fullNames.test(cause.name) || statusOf(cause) === 507) return full(address, cause);
  return unavailable(`The storage ${address} ${reasonOf(cause)}`, cause);
}

function reasonOf(cause: S3Error): string {
  if (cause.name === 'CredentialsProviderError')
    return 'cannot be asked without credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role.';
  if (deniedNames.test(cause.name) || statusOf(cause) === 403)
    return `does not let us in (${nameOf(cause)}). The credentials need s3:GetObject, PutObject, DeleteObject, ListBucket and AbortMultipartUpload there.`;
  if (cause.name === 'NoSuchBucket') return 'has no such bucket. Make it, or correct the address.';
  if (cause.name === 'PermanentRedirect' || statusOf(cause) === 301) return 'is in another region. Add region= to its address.';
  if (cause.name === 'TimeoutError') return 'does not answer in time. Try again.';
  return `does not answer as it should (${nameOf(cause)}). Try again.`;
}

/** Names come from the far side: only what looks like one is passed on. */
const nameOf = ({ name }: Error): string => (/^\w{1,60}$/.test(name) ? name : 'an unknown fault');
