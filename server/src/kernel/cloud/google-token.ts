import type { GoogleAuth } from 'google-auth-library';
import { z } from 'zod';
import type { ErrorCode } from '#kernel';
import { CloudFault } from './cloud-fault.ts';
import { loadOptional } from './optional-package.ts';
import { asFault } from './rest.ts';

/** What a tenant hands in to be somebody at Google Cloud: of the key file of a service account, what counts. Addresses in it are not followed. */
export const googleServiceAccountSchema = z.object({
  type: z.literal('service_account'),
  client_email: z.email(),
  private_key: z.string().regex(/^-----BEGIN (?:RSA )?PRIVATE KEY-----/, 'a private key as PEM'),
});

export interface GoogleTokens {
  /**
   * What a call is sent with: the token, and the project that pays where the credential names one.
   *
   * @throws CloudFault `unreachable`, or `refused` when the credential is not accepted.
   */
  headers(): Promise<Record<string, string>>;
  /** The far side did not take the token: the next call asks for a new one. */
  forget(): void;
}

export interface GoogleTokenOptions {
  /** Without one: Google's application default credentials, which are the installation's alone. */
  readonly serviceAccount?: z.infer<typeof googleServiceAccountSchema>;
  /** What an installation without `google-auth-library` is told. */
  readonly missing: { readonly code: ErrorCode; readonly purpose: string };
  /** Asks for the tokens of a service account. The default credentials ask metadata servers by their own means. */
  readonly fetch: typeof globalThis.fetch;
  /** For one token, in milliseconds. */
  readonly timeoutMs?: number;
}

const service = 'Google Cloud sign-in';
const scopes = ['https://www.googleapis.com/auth/cloudkms'];

/**
 * Tokens for Google Cloud KMS by `google-auth-library`.
 *
 * @throws FactotumError with the code in `missing` when that is not installed.
 */
export async function createGoogleTokens(options: GoogleTokenOptions): Promise<GoogleTokens> {
  const { serviceAccount, missing, fetch, timeoutMs = 4_000 } = options;
  const library = await loadOptional('google-auth-library', () => import('google-auth-library'), missing);
  const transporterOptions = { fetchImplementation: fetch, timeout: timeoutMs, retry: false };
  const start = (): Pick<GoogleAuth, 'getRequestHeaders'> =>
    serviceAccount === undefined
      ? new library.GoogleAuth({ scopes, clientOptions: { transporterOptions } })
      : new library.JWT({ email: serviceAccount.client_email, key: serviceAccount.private_key, scopes, transporterOptions });
  let auth = start();
  return {
    async headers() {
      try {
        return Object.fromEntries(await within(auth.getRequestHeaders(), timeoutMs));
      } catch (cause) {
        throw faultOf(cause);
      }
    },
    forget() {
      auth = start();
    },
  };
}

/** The library has a time limit for a request, but default credentials may mean several. */
async function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new CloudFault('unreachable', `${service} does not answer.`)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

const refusalSchema = z.object({ status: z.number().int() });

function faultOf(error: unknown): CloudFault {
  const status = refusalSchema.safeParse(error).data?.status;
  if (status !== undefined && status < 500 && status !== 429)
    return new CloudFault('refused', `${service} does not accept this credential (${status}).`, { code: String(status), cause: error });
  if (error instanceof Error && /default credentials|credential|private key|PEM|DECODER/i.test(error.message) && status === undefined)
    return new CloudFault('refused', `${service} found no credential that works.`, { cause: error });
  return asFault(service, error);
}
