import type { Id } from '#kernel';

/** Where a provider sends people back to, and who we are to it. Each provider has addresses of its own, so an answer cannot be passed off as another's. */
export interface OwnAddresses {
  /** OIDC and OAuth 2.0. */
  readonly redirectUri: string;
  /** SAML. */
  readonly acsUrl: string;
  readonly entityId: string;
  readonly metadataUrl: string;
}

export function ownAddresses(origin: string, id: Id<'ssoProvider'>): OwnAddresses {
  const at = (what: string) => `${origin}/api/v1/sso/${what}/${id}`;
  return { redirectUri: at('callback'), acsUrl: at('acs'), entityId: at('metadata'), metadataUrl: at('metadata') };
}
