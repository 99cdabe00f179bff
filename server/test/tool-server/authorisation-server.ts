import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

type Answered = true;
type Answer = (status: number, body: unknown) => Answered;

/** An authorisation server as RFC 8414, 7591, 7636 and 9728 have it, with what tests want to know of it. It answers beside the server that it protects. */
export function authorisationServer(origin: () => string) {
  const codes = new Map<string, { challenge: string; redirectUri: string; clientId: string; resource: string | null }>();
  const world = {
    /** Tokens that open the door now. */
    access: new Set<string>(),
    refresh: new Set<string>(),
    registered: [] as unknown[],
    refreshes: 0,
    stolen: 0,
    expiresIn: 3_600,
    resource: undefined as string | undefined,
    /** What it says of itself when it lies, or has been taken over. */
    elsewhere: {} as { server?: string; issuer?: string; token?: string },
    /** True: it has answered. */
    async answer(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
      const url = new URL(request.url ?? '/', origin());
      const json: Answer = (status, body) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
        return true;
      };
      switch (url.pathname) {
        case '/.well-known/oauth-protected-resource/mcp':
          json(200, { resource: world.resource ?? `${origin()}/mcp`, authorization_servers: [world.elsewhere.server ?? origin()] });
          return true;
        case '/.well-known/oauth-authorization-server':
          json(200, {
            ...{
              issuer: world.elsewhere.issuer ?? origin(),
              authorization_endpoint: `${origin()}/authorize`,
              token_endpoint: world.elsewhere.token ?? `${origin()}/token`,
            },
            ...{
              registration_endpoint: `${origin()}/register`,
              response_types_supported: ['code'],
              code_challenge_methods_supported: ['S256'],
            },
            ...{ grant_types_supported: ['authorization_code', 'refresh_token'], token_endpoint_auth_methods_supported: ['none'] },
            authorization_response_iss_parameter_supported: true,
          });
          return true;
        case '/register': {
          const asked: unknown = JSON.parse(await bodyOf(request));
          world.registered.push(asked);
          json(201, { ...(asked as object), client_id: 'client-1' });
          return true;
        }
        case '/token':
          token(new URLSearchParams(await bodyOf(request)), json);
          return true;
        default:
          return false;
      }
    },
    /** What the browser of somebody who agrees does: where it is sent back to. */
    agree(address: string): URL {
      const asked = new URL(address).searchParams;
      const code = randomUUID();
      const redirectUri = asked.get('redirect_uri') ?? '';
      codes.set(code, {
        challenge: asked.get('code_challenge') ?? '',
        redirectUri,
        clientId: asked.get('client_id') ?? '',
        resource: asked.get('resource'),
      });
      const back = new URL(redirectUri);
      for (const [name, value] of [
        ['code', code],
        ['state', asked.get('state') ?? ''],
        ['iss', origin()],
      ] as const)
        back.searchParams.set(name, value);
      return back;
    },
  };

  function token(form: URLSearchParams, json: Answer): Answered {
    const refused = (error: string) => json(400, { error });
    if (form.get('grant_type') === 'refresh_token') {
      world.refreshes += 1;
      const given = form.get('refresh_token') ?? '';
      // Twice the same is a thief: everything ends.
      if (!world.refresh.delete(given)) {
        world.stolen += 1;
        world.access.clear();
        return refused('invalid_grant');
      }
    } else {
      const known = codes.get(form.get('code') ?? '');
      codes.delete(form.get('code') ?? '');
      const proof = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url');
      if (
        known === undefined ||
        known.challenge !== proof ||
        known.redirectUri !== form.get('redirect_uri') ||
        known.clientId !== form.get('client_id')
      )
        return refused('invalid_grant');
      if (known.resource !== form.get('resource')) return refused('invalid_target');
    }
    const [access, refresh] = [randomUUID(), randomUUID()];
    world.access.add(access);
    world.refresh.add(refresh);
    return json(200, { access_token: access, token_type: 'Bearer', expires_in: world.expiresIn, refresh_token: refresh });
  }
  return world;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
