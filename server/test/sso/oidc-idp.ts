import { createServer } from 'node:http';
import { after } from 'node:test';
import Provider, { type Configuration } from 'oidc-provider';

/** An address that is listened on before anybody knows what will answer there: clients need addresses that only exist later. */
export interface Site {
  readonly origin: string;
  readonly host: string;
  answer(handler: import('node:http').RequestListener): void;
  /** Paths that were asked for. */
  readonly asked: readonly string[];
}

export async function openSite(): Promise<Site> {
  let handler: import('node:http').RequestListener = (_request, response) => response.writeHead(503).end();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    handler(request, response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  after(() => server.close().closeAllConnections());
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no address');
  const host = `127.0.0.1:${address.port}`;
  return {
    origin: `http://${host}`,
    host,
    asked,
    answer: (given) => {
      handler = given;
    },
  };
}

/** Somebody with an account at the provider, by login name. */
export type Accounts = Record<string, Record<string, unknown>>;

/** `oidc-provider`, certified OpenID Connect, with its development forms: any password opens an account. */
export function startOidcProvider(site: Site, redirectUri: string, accounts: Accounts, more: Configuration = {}): void {
  const provider = new Provider(site.origin, {
    clients: [
      {
        client_id: 'factotum',
        client_secret: 'a-secret-of-the-client',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    pkce: { required: () => true },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
    scopes: ['openid', 'email', 'profile', 'groups'],
    findAccount: (_context, id) => {
      const account = accounts[id];
      return account && { accountId: id, claims: async () => ({ sub: id, ...account }) };
    },
    cookies: { keys: ['a key of the tests'] },
    features: { devInteractions: { enabled: true } },
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    ...more,
  });
  site.answer(provider.callback());
}
