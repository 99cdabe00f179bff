import { Readable } from 'node:stream';
import { z } from 'zod';
import { CloudFault, faultOfStatus } from './cloud-fault.ts';
import { asFault } from './rest.ts';

/** What a tenant hands in to be somebody at AWS: an access key of an IAM user, or of a session. */
export const awsAccessKeySchema = z.strictObject({
  accessKeyId: z.string().regex(/^[A-Z0-9]{16,128}$/, 'an access key id'),
  secretAccessKey: z.string().min(16).max(256),
  sessionToken: z.string().min(1).max(8_192).optional(),
});
export type AwsAccessKey = z.infer<typeof awsAccessKeySchema>;

/** The part of a request of AWS's SDK that decides what is sent. */
interface SdkRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

interface SdkHandler {
  handle(request: SdkRequest, options?: { readonly abortSignal?: unknown }): Promise<{ response: SdkResponse }>;
  destroy(): void;
  updateHttpClientConfig(): void;
  httpHandlerConfigs(): Record<string, never>;
}

interface SdkResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Readable;
}

/**
 * The settings with which a client of AWS's SDK calls through our `fetch`, with a time limit for each attempt and one attempt more for what
 * passes by itself. For small answers: a body is read whole.
 */
export function awsClientSettings({ fetch, timeoutMs = 2_000 }: { fetch: typeof globalThis.fetch; timeoutMs?: number }): {
  requestHandler: SdkHandler;
  maxAttempts: number;
} {
  return {
    maxAttempts: 2,
    requestHandler: {
      async handle(request) {
        try {
          const response = await fetch(addressOf(request), {
            method: request.method,
            headers: { ...request.headers },
            signal: AbortSignal.timeout(timeoutMs),
            ...(isBody(request.body) ? { body: request.body } : {}),
          });
          const body = Readable.from([Buffer.from(await response.arrayBuffer())]);
          return { response: { statusCode: response.status, headers: Object.fromEntries(response.headers), body } };
        } catch (cause) {
          if (asFault('AWS', cause).reason !== 'unreachable') throw cause;
          // The name by which the SDK knows what is worth a second attempt.
          throw Object.assign(new Error('no answer', { cause }), { code: 'ECONNRESET' });
        }
      },
      destroy: () => undefined,
      updateHttpClientConfig: () => undefined,
      httpHandlerConfigs: () => ({}),
    },
  };
}

function addressOf({ protocol, hostname, port, path, query = {} }: SdkRequest): URL {
  const url = new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`);
  for (const [name, value] of Object.entries(query))
    for (const one of Array.isArray(value) ? value : [value ?? '']) url.searchParams.append(name, one);
  return url;
}

const isBody = (body: unknown): body is string | Uint8Array<ArrayBuffer> =>
  typeof body === 'string' ? body !== '' : body instanceof Uint8Array && body.length > 0;

const sdkErrorSchema = z.object({
  name: z.string(),
  $metadata: z.object({ httpStatusCode: z.number().int().optional() }).optional(),
  $retryable: z.object({ throttling: z.boolean().optional() }).optional(),
});
/** Codes of AWS that ask for fewer calls, whatever their HTTP status. */
const throttled = /^(?:Throttl|TooManyRequests|RequestLimitExceeded|LimitExceeded|SlowDown|PriorRequestNotComplete)/;

/** What a call of AWS's SDK failed with. @param broken - the codes that say that what was sent cannot be used */
export function awsFault(service: string, error: unknown, broken: readonly string[] = []): CloudFault {
  const known = sdkErrorSchema.safeParse(error).data;
  const status = known?.$metadata?.httpStatusCode;
  if (known?.name === 'CredentialsProviderError' || known?.name === 'TokenProviderError')
    return new CloudFault('refused', `${service}: no AWS credentials were found.`, { code: known.name, cause: error });
  if (known === undefined || status === undefined) return asFault(service, error);
  if (broken.includes(known.name)) return faultOfStatus(service, 422, known.name, error);
  if (throttled.test(known.name) || known.$retryable?.throttling === true) return faultOfStatus(service, 429, known.name, error);
  // AWS says no with 400 as well; what is left of those are refusals that a person has to look into.
  return faultOfStatus(service, status >= 400 && status < 500 ? 403 : status, known.name, error);
}
