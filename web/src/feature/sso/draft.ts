import type { SsoKind, SsoProvider } from '../../api/identity.ts';

/** The connection as it is typed; everything is text. */
export interface ConnectionDraft {
  issuer: string;
  clientId: string;
  clientSecret: string;
  scopes: string;
  authorizationUrl: string;
  tokenUrl: string;
  userInfoUrl: string;
  fieldSubject: string;
  fieldEmail: string;
  fieldEmailVerified: string;
  fieldName: string;
  metadataXml: string;
}

/** What a form begins with: the stored connection, or what most providers use. */
export function draftOf(provider?: SsoProvider): ConnectionDraft {
  const { oidc, oauth2 } = provider ?? {};
  return {
    issuer: oidc?.issuer ?? '',
    clientId: oidc?.clientId ?? oauth2?.clientId ?? '',
    clientSecret: '',
    scopes: (oidc?.scopes ?? oauth2?.scopes ?? ['openid', 'email', 'profile']).join(' '),
    authorizationUrl: oauth2?.authorizationUrl ?? '',
    tokenUrl: oauth2?.tokenUrl ?? '',
    userInfoUrl: oauth2?.userInfoUrl ?? '',
    fieldSubject: oauth2?.fields.subject ?? 'id',
    fieldEmail: oauth2?.fields.email ?? 'email',
    fieldEmailVerified: oauth2?.fields.emailVerified ?? '',
    fieldName: oauth2?.fields.name ?? 'name',
    metadataXml: '',
  };
}

/** The connection as the server takes it. A secret or metadata that was left empty stays what it is. */
export function connectionBody(kind: SsoKind, draft: ConnectionDraft): Record<string, unknown> {
  const client = {
    clientId: draft.clientId.trim(),
    scopes: draft.scopes.split(/\s+/).filter(Boolean),
    ...(draft.clientSecret !== '' && { clientSecret: draft.clientSecret }),
  };
  if (kind === 'oidc') return { oidc: { issuer: draft.issuer.trim(), ...client } };
  if (kind === 'saml') return draft.metadataXml === '' ? {} : { saml: { metadataXml: draft.metadataXml } };
  return {
    oauth2: {
      authorizationUrl: draft.authorizationUrl.trim(),
      tokenUrl: draft.tokenUrl.trim(),
      userInfoUrl: draft.userInfoUrl.trim(),
      fields: {
        subject: draft.fieldSubject.trim(),
        email: draft.fieldEmail.trim(),
        emailVerified: draft.fieldEmailVerified.trim() || null,
        name: draft.fieldName.trim() || null,
      },
      ...client,
    },
  };
}
