import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { isRecord, kv2Engine, transitEngine, type VaultAnswer, type VaultAsked, type VaultEngine, vaultErrors } from './vault-engines.ts';

/** What a policy allows below a path; a star at the end of the path stands for anything. */
export interface VaultRule {
  readonly path: string;
  readonly allow: readonly ('create' | 'read' | 'update' | 'delete' | 'list')[];
}

/** How the stand-in behaves from now on. */
export type VaultMood =
  | 'active'
  /** 503 to everything. */
  | 'sealed'
  /** 307 to another node, as a standby without forwarding does. */
  | 'standby'
  /** Takes requests and never answers. */
  | 'silent'
  /** Answers 403 to everything but questions about the own token. */
  | 'forbidding'
  /** Decrypts to other bytes of the right length. */
  | 'lying';

export interface VaultStandIn {
  readonly address: string;
  /** May do everything and never expires. */
  readonly rootToken: string;
  readonly namespace: string | undefined;
  /** Every request that came, as `GET secret/data/a`, logins included. */
  readonly requests: readonly string[];
  setMood(mood: VaultMood): void;
  /** @returns the credentials of a new role. */
  addAppRole(role: VaultRole): { roleId: string; secretId: string };
  /** A role that service accounts with this token may take. */
  addKubernetesRole(name: string, jwt: string, role: VaultRole): void;
  addToken(role: VaultRole): string;
  /** Ends every token but the root's, as `vault token revoke` does. */
  revokeTokens(): void;
  /** Tokens that work now, the root's left out. */
  liveTokens(): number;
  /** Cuts every connection, and each new one at once, until `comeBack`. The port stays ours: somebody else could have it by then. */
  vanish(): Promise<void>;
  comeBack(): Promise<void>;
}

export interface VaultRole {
  readonly rules: readonly VaultRule[];
  /** 0: does not expire. */
  readonly leaseSeconds?: number;
  readonly renewable?: boolean;
  /** Beyond this age a token is not renewed any more. */
  readonly maxSeconds?: number;
}

interface Token {
  readonly role: VaultRole;
  readonly madeAtMs: number;
  endsAtMs: number;
}

export interface VaultStandInOptions {
  readonly namespace?: string;
  readonly nowMs?: () => number;
}

/**
 * A Vault that speaks the documented HTTP API and checks what the real one checks: tokens and their leases, policies, namespaces,
 * check-and-set, associated data. Mounts: `secret` (KV 2), `transit`, `auth/approle`, `auth/kubernetes`.
 */
export async function startVault(t: { after(clean: () => Promise<void>): void }, options: VaultStandInOptions = {}): Promise<VaultStandIn> {
  const { namespace, nowMs = () => performance.now() } = options;
  const rootToken = `hvs.root-${randomBytes(16).toString('hex')}`;
  const tokens = new Map<string, Token>();
  const appRoles = new Map<string, { secretId: string; role: VaultRole }>();
  const kubernetesRoles = new Map<string, { jwt: string; role: VaultRole }>();
  const engines: Readonly<Record<string, VaultEngine>> = { secret: kv2Engine(() => new Date()), transit: transitEngine() };
  const requests: string[] = [];
  let mood: VaultMood = 'active';

  const makeToken = (role: VaultRole): string => {
    const token = `hvs.${randomBytes(24).toString('base64url')}`;
    const lease = role.leaseSeconds ?? 3_600;
    tokens.set(token, { role, madeAtMs: nowMs(), endsAtMs: lease === 0 ? Number.POSITIVE_INFINITY : nowMs() + lease * 1_000 });
    return token;
  };
  const liveToken = (name: string): Token | null => {
    const token = tokens.get(name);
    return token === undefined || nowMs() >= token.endsAtMs ? null : token;
  };
  const authOf = (name: string, role: VaultRole, seconds: number) => ({
    auth: { client_token: name, lease_duration: seconds, renewable: role.renewable ?? true, policies: ['default'], token_type: 'service' },
  });
  const secondsLeft = ({ endsAtMs }: Token) => (endsAtMs === Number.POSITIVE_INFINITY ? 0 : Math.floor((endsAtMs - nowMs()) / 1_000));

  const login = (path: string, body: VaultAsked['body']): VaultAnswer | null => {
    let role: VaultRole | undefined;
    if (path === 'auth/approle/login') {
      const known = appRoles.get(String(body.role_id));
      if (known === undefined) return vaultErrors(400, 'invalid role or secret ID');
      if (known.secretId !== body.secret_id) return vaultErrors(400, 'invalid role or secret ID');
      role = known.role;
    } else if (path === 'auth/kubernetes/login') {
      const known = kubernetesRoles.get(String(body.role));
      if (known === undefined) return vaultErrors(400, `invalid role name "${String(body.role)}"`);
      if (known.jwt !== body.jwt) return vaultErrors(403, 'permission denied');
      role = known.role;
    } else return null;
    return { status: 200, body: authOf(makeToken(role), role, role.leaseSeconds ?? 3_600) };
  };

  const aboutToken = (path: string, name: string): VaultAnswer | null => {
    if (!path.startsWith('auth/token/')) return null;
    if (name === rootToken) return { status: 200, body: { data: { ttl: 0, renewable: false, policies: ['root'] } } };
    const token = liveToken(name);
    if (token === null) return vaultErrors(403, 'permission denied');
    if (path === 'auth/token/lookup-self')
      return { status: 200, body: { data: { ttl: secondsLeft(token), renewable: token.role.renewable ?? true } } };
    if (path === 'auth/token/revoke-self') {
      tokens.delete(name);
      return { status: 204 };
    }
    if (path !== 'auth/token/renew-self') return null;
    if (token.role.renewable === false) return vaultErrors(400, 'lease is not renewable');
    const end = token.madeAtMs + (token.role.maxSeconds ?? Number.POSITIVE_INFINITY) * 1_000;
    token.endsAtMs = Math.min(nowMs() + (token.role.leaseSeconds ?? 3_600) * 1_000, end);
    return { status: 200, body: authOf(name, token.role, secondsLeft(token)) };
  };

  const engineAnswer = (method: VaultAsked['method'], path: string, name: string, body: VaultAsked['body'], query: URLSearchParams) => {
    const token = liveToken(name);
    if (name !== rootToken && (token === null || !isAllowed(token.role.rules, method, path))) return vaultErrors(403, 'permission denied');
    if (mood === 'forbidding') return vaultErrors(403, 'permission denied');
    const [mount = '', ...rest] = path.split('/');
    const engine = engines[mount];
    if (engine === undefined) return vaultErrors(404, `no handler for route "${path}"`);
    const answer = engine({ method, path: rest.join('/'), body, query });
    return mood === 'lying' && rest[0] === 'decrypt' && answer.status === 200
      ? { status: 200, body: { data: { plaintext: randomBytes(32).toString('base64') } } }
      : answer;
  };

  const answerTo = async (request: IncomingMessage): Promise<VaultAnswer> => {
    const url = new URL(request.url ?? '', 'http://vault');
    const path = decodeURIComponent(url.pathname.replace(/^\/v1\//, ''));
    requests.push(`${request.method} ${path}`);
    if (!url.pathname.startsWith('/v1/')) return vaultErrors(404, 'not below /v1/');
    if (path === 'sys/health')
      return { status: mood === 'sealed' ? 503 : mood === 'standby' ? 429 : 200, body: { sealed: mood === 'sealed' } };
    if (mood === 'sealed') return vaultErrors(503, 'Vault is sealed');
    if (mood === 'standby') return { status: 307 };
    if (request.headers['x-vault-request'] !== 'true') return vaultErrors(412, 'missing the header X-Vault-Request');
    const text = (await request.toArray()).map(String).join('');
    const body: unknown = text === '' ? {} : JSON.parse(text);
    if (!isRecord(body)) return vaultErrors(400, 'failed to parse JSON input');
    const asked = (request.headers['x-vault-namespace'] ?? '').toString().replace(/\/+$/, '');
    const writes = request.method === 'POST' || request.method === 'PUT';
    if (asked !== (namespace ?? '')) return vaultErrors(403, 'permission denied');
    const entered = writes ? login(path, body) : null;
    if (entered !== null) return entered;
    const name = (request.headers['x-vault-token'] ?? '').toString();
    if (name === '') return vaultErrors(400, 'missing client token');
    const lists = request.method === 'GET' && url.searchParams.get('list') === 'true';
    const method = lists ? 'list' : writes ? 'write' : request.method === 'DELETE' ? 'delete' : request.method === 'GET' ? 'read' : null;
    if (method === null) return vaultErrors(405, 'unsupported method');
    return aboutToken(path, name) ?? engineAnswer(method, path, name, body, url.searchParams);
  };

  const handle = (request: IncomingMessage, response: ServerResponse) => {
    if (mood === 'silent') {
      requests.push(`${request.method} ${request.url?.replace(/^\/v1\//, '')}`);
      return;
    }
    answerTo(request).then(
      ({ status, body }) => {
        if (status === 307) response.setHeader('location', 'https://active.vault.invalid:8200/');
        response.writeHead(status, { 'content-type': 'application/json' }).end(body === undefined ? undefined : JSON.stringify(body));
      },
      (error) => response.writeHead(400).end(JSON.stringify({ errors: [String(error)] })),
    );
  };
  const server = createServer(handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  let isGone = false;
  server.on('connection', (socket) => isGone && socket.destroy());
  t.after(async () => {
    server.close().closeAllConnections();
  });
  const bound = server.address();
  if (bound === null || typeof bound !== 'object') throw new Error('no port');
  const { port } = bound;
  const vanish = async () => {
    isGone = true;
    server.closeAllConnections();
  };
  return {
    address: `http://127.0.0.1:${port}`,
    ...{ rootToken, namespace, requests, vanish },
    setMood(next) {
      mood = next;
    },
    addAppRole(role) {
      const [roleId, secretId] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
      appRoles.set(roleId, { secretId, role });
      return { roleId, secretId };
    },
    addKubernetesRole: (name, jwt, role) => void kubernetesRoles.set(name, { jwt, role }),
    addToken: makeToken,
    revokeTokens: () => tokens.clear(),
    liveTokens: () => [...tokens.keys()].filter((name) => liveToken(name) !== null).length,
    async comeBack() {
      isGone = false;
    },
  };
}

/** Vault tells creating from updating by whether there is something; here a write is allowed by either. */
function isAllowed(rules: readonly VaultRule[], method: VaultAsked['method'], path: string): boolean {
  const needed = method === 'write' ? (['create', 'update'] as const) : ([method] as const);
  return rules.some(
    ({ path: rule, allow }) =>
      (rule.endsWith('*') ? path.startsWith(rule.slice(0, -1)) : path.replace(/\/$/, '') === rule) &&
      needed.some((one) => allow.includes(one)),
  );
}
