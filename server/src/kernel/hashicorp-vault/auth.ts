import { z } from 'zod';
import { type CallOptions, callVault, vaultPath } from './call.ts';
import { VaultFault } from './vault-fault.ts';

/** How we sign in. What is secret is asked for at each login, so that a file that was replaced counts without a restart. */
export type VaultAuth =
  | { readonly method: 'token'; readonly token: () => Promise<string> }
  | {
      readonly method: 'approle';
      /** Where the method is mounted; `approle` by default. */
      readonly mount?: string;
      readonly roleId: () => Promise<string>;
      readonly secretId: () => Promise<string>;
    }
  | {
      readonly method: 'kubernetes';
      /** Where the method is mounted; `kubernetes` by default. */
      readonly mount?: string;
      readonly role: string;
      /** The service account's token, see `kubernetesTokenFile`. */
      readonly jwt: () => Promise<string>;
    };

/** Where Kubernetes puts a pod's token; it is replaced in place before it expires. */
export const kubernetesTokenFile = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** A token and how long it works. */
export interface VaultLease {
  readonly token: string;
  /** 0: it does not expire. */
  readonly seconds: number;
  readonly renewable: boolean;
  /** We made it by signing in, so it is ours to revoke. */
  readonly own: boolean;
}

const loginAnswer = z.object({ auth: z.object({ client_token: z.string().min(1), lease_duration: z.number(), renewable: z.boolean() }) });
const lookupAnswer = z.object({ data: z.object({ ttl: z.number(), renewable: z.boolean().optional() }) });

/** Signs in. @throws VaultFault `refused` when Vault does not know us. */
export async function signIn(options: CallOptions, auth: VaultAuth): Promise<VaultLease> {
  if (auth.method === 'token') {
    const token = await auth.token();
    return { token, ...(await lookUp(options, token)), own: false };
  }
  const { mount, body } =
    auth.method === 'approle'
      ? { mount: auth.mount ?? 'approle', body: { role_id: await auth.roleId(), secret_id: await auth.secretId() } }
      : { mount: auth.mount ?? 'kubernetes', body: { role: auth.role, jwt: await auth.jwt() } };
  const path = `auth/${vaultPath(mount)}/login`;
  const answer = loginAnswer.safeParse(
    await callVault(options, { method: 'POST', path, body }).catch((fault: unknown) => {
      if (!(fault instanceof VaultFault) || fault.reason === 'unreachable') throw fault;
      // A wrong role or secret is a 400, an unknown method a 403, another mount a 404: for us they are one.
      throw new VaultFault('refused', `Vault does not accept our login by ${auth.method} at ${mount}.`, { cause: fault });
    }),
  );
  if (!answer.success) throw new VaultFault('unreachable', 'Vault answered a login with something else.');
  const { client_token: token, lease_duration: seconds, renewable } = answer.data.auth;
  return { token, seconds, renewable, own: true };
}

/** Makes a token last longer. A shorter lease than before means that its end is near and cannot be moved any more. */
export async function renew(options: CallOptions, { token, own }: VaultLease): Promise<VaultLease> {
  const answer = loginAnswer.safeParse(await callVault(options, { method: 'POST', path: 'auth/token/renew-self', body: {} }, token));
  if (!answer.success) throw new VaultFault('unreachable', 'Vault answered a renewal with something else.');
  return { token, seconds: answer.data.auth.lease_duration, renewable: answer.data.auth.renewable, own };
}

/** How long a token still works. @throws VaultFault `refused` when it does not work any more. */
export async function lookUp(options: CallOptions, token: string): Promise<Pick<VaultLease, 'seconds' | 'renewable'>> {
  const answer = lookupAnswer.safeParse(await callVault(options, { method: 'GET', path: 'auth/token/lookup-self' }, token));
  if (!answer.success) throw new VaultFault('unreachable', 'Vault answered the question about our token with something else.');
  return { seconds: answer.data.data.ttl, renewable: answer.data.data.renewable ?? false };
}
