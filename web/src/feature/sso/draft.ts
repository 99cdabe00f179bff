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
  clientAuthentication: 'basic' | 'post';
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
    clientAuthentication: oauth2?.clientAuthentication ?? 'post',
    metadataXml: '',
  };
}

/** A provider as the server takes it, whole. A secret or metadata that was left empty stays what it is. */
export function providerBody(
  { kind, name, enabled, joins, roles }: Pick<SsoProvider, 'kind' | 'name' | 'enabled' | 'joins' | 'roles'>,
  draft: ConnectionDraft,
): Record<string, unknown> {
  return { kind, name, enabled, joins, roles, [kind]: connectionOf(kind, draft) };
}

function connectionOf(kind: SsoKind, draft: ConnectionDraft): Record<string, unknown> {
  if (kind === 'saml') return draft.metadataXml === '' ? {} : { metadataXml: draft.metadataXml };
  const client = {
    clientId: draft.clientId.trim(),
    scopes: draft.scopes.split(/\s+/).filter(Boolean),
    ...(draft.clientSecret !== '' && { clientSecret: draft.clientSecret }),
  };
  if (kind === 'oidc') return { issuer: draft.issuer.trim(), ...client };
  return {
    authorizationUrl: draft.authorizationUrl.trim(),
    tokenUrl: draft.tokenUrl.trim(),
    userInfoUrl: draft.userInfoUrl.trim(),
    fields: {
      subject: draft.fieldSubject.trim(),
      email: draft.fieldEmail.trim(),
      emailVerified: draft.fieldEmailVerified.trim() || null,
      name: draft.fieldName.trim() || null,
    },
    clientAuthentication: draft.clientAuthentication,
    ...client,
  };
}
