import { type Clock, systemClock } from '#kernel';
import { lookUp, renew, signIn, type VaultAuth, type VaultLease } from './auth.ts';
import { callVault, type VaultCall } from './call.ts';
import { VaultFault } from './vault-fault.ts';

/** One login at a Vault or OpenBao, kept alive for as long as it is used. */
export interface VaultClient {
  /** For messages and logs: the host, never a credential. */
  readonly host: string;
  /**
   * Sends one request under our login; signs in, renews and signs in again on the way as needed.
   *
   * @returns the body, or null when there is none.
   * @throws VaultFault
   */
  call(request: VaultCall): Promise<unknown>;
  /** Gives our own login back to Vault, as far as Vault answers. Later calls fail as `unreachable`. */
  close(): Promise<void>;
}

export interface VaultClientOptions {
  /** `https://host:port`; a path before `/v1` is kept. */
  readonly address: string;
  /** Of Vault Enterprise, HCP or OpenBao: `team/sub`. */
  readonly namespace?: string | undefined;
  readonly auth: VaultAuth;
  /** Through `outboundFetch`, guarded when a tenant chose the address. Redirects must come back as they are. */
  readonly fetch: typeof globalThis.fetch;
  readonly clock?: Clock;
  /** For one request, in milliseconds. */
  readonly timeoutMs?: number;
}

interface Login {
  readonly lease: VaultLease;
  /** On the clock's monotonic scale; infinite for a token that does not expire. */
  readonly renewAtMs: number;
  readonly endsAtMs: number;
}

/** Vault answers in milliseconds; who needs longer is as good as away. */
const timeoutMsDefault = 5_000;
/** A token is renewed when this share of its lease is over, so that there is time for a second try. */
const renewAfterShare = 2 / 3;
/** A token that ends within this is not used any more: the request may be slow. */
const marginMs = 2_000;
/** An expiring token whose process has nothing to ask is looked after at least this often. */
const timerMsMax = 24 * 60 * 60 * 1_000;
const keepAliveRetryMs = 10_000;

/** Creates a client; it signs in with its first call. */
export function createVaultClient(options: VaultClientOptions): VaultClient {
  const { address, namespace, auth, fetch, clock = systemClock, timeoutMs = timeoutMsDefault } = options;
  const calling = { address, namespace, fetch, timeoutMs };
  const { host } = new URL(address);
  let login: Login | undefined;
  let signingIn: Promise<Login> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const lookAfter = (inMs: number) => {
    clearTimeout(timer);
    // Nobody may ask for hours, and a token from outside cannot be had again once it has ended.
    if (!closed) timer = setTimeout(keepAlive, Math.min(inMs, timerMsMax)).unref();
  };
  const hold = (lease: VaultLease): Login => {
    const now = clock.monotonicMs();
    const lastsMs = lease.seconds === 0 ? Number.POSITIVE_INFINITY : lease.seconds * 1_000;
    login = { lease, renewAtMs: now + lastsMs * renewAfterShare, endsAtMs: now + lastsMs };
    if (lease.renewable && lease.seconds > 0) lookAfter(lastsMs * renewAfterShare);
    return login;
  };
  const once = (work: () => Promise<VaultLease>): Promise<Login> => {
    signingIn ??= work()
      .then(hold)
      .finally(() => {
        signingIn = undefined;
      });
    return signingIn;
  };
  const signInAgain = () => once(() => signIn(calling, auth));
  const renewed = async ({ lease }: Login): Promise<Login> => {
    if (!lease.renewable) return signInAgain();
    const longer = await once(() => renew(calling, lease));
    // At the end of its longest life a token gets less and less: then a new login, while the old one still works.
    return longer.lease.seconds * 1_000 > marginMs * 2 || auth.method === 'token' ? longer : await signInAgain();
  };
  const keepAlive = () => {
    if (login === undefined || closed) return;
    // What goes wrong here is said by the next call, which tries again as well.
    renewed(login).catch(() => lookAfter(keepAliveRetryMs));
  };

  /** A login that works by our clock: renewed in time where Vault lets us, made anew where it does not. */
  const current = async (): Promise<Login> => {
    if (closed) throw new VaultFault('unreachable', `The connection to Vault at ${host} was closed.`);
    if (signingIn !== undefined) return signingIn;
    if (login === undefined || clock.monotonicMs() >= login.endsAtMs - marginMs) return signInAgain();
    if (clock.monotonicMs() < login.renewAtMs) return login;
    const held = login;
    try {
      return await renewed(held);
    } catch (fault) {
      if (fault instanceof VaultFault && fault.reason === 'unreachable') return held;
      return signInAgain();
    }
  };

  const call = async (request: VaultCall): Promise<unknown> => {
    const { lease } = await current();
    try {
      return await callVault(calling, request, lease.token);
    } catch (fault) {
      if (!(fault instanceof VaultFault) || fault.reason !== 'refused' || !(await hasEnded(lease))) throw fault;
      if (login?.lease === lease) login = undefined;
      return callVault(calling, request, (await current()).lease.token);
    }
  };
  /** Vault says 403 for a dead token and for a policy alike; only for the first a new login helps. */
  const hasEnded = async ({ token }: VaultLease): Promise<boolean> => {
    try {
      await lookUp(calling, token);
      return false;
    } catch (fault) {
      return fault instanceof VaultFault && fault.reason === 'refused';
    }
  };

  return {
    host,
    call,
    async close() {
      if (closed) return;
      closed = true;
      clearTimeout(timer);
      const held = login ?? (await signingIn?.catch(() => undefined));
      clearTimeout(timer);
      login = undefined;
      if (held?.lease.own !== true) return;
      // Vault ends it by itself when the lease is over; this only spares it the wait.
      await callVault(calling, { method: 'POST', path: 'auth/token/revoke-self', body: {} }, held.lease.token).catch(() => undefined);
    },
  };
}
