import { X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type Clock, FactotumError, type Id, newId } from '#kernel';
import type { Keyring, TenantKeys } from '#trust/key';
import { isReference, type Reference, requireMayRefer, type SecretResolver } from '#trust/secret';
import { type Acting, isOwner, requireWithin, resolveRoles } from '../member/rules.ts';
import type { AuthDb } from '../store.ts';
import { type OwnAddresses, ownAddresses } from './addresses.ts';
import type { Admitting } from './admission.ts';
import { recordOf } from './domain.ts';
import type { ProviderNetwork } from './outbound.ts';
import { makeRequestKey } from './saml-key.ts';
import { readIdpMetadata } from './saml-metadata.ts';
import { type ProviderInput, type RoleRules, type StoredProvider, storedSchema } from './schema.ts';
import {
  countOtherEnabled,
  type DomainRow,
  deleteIdentitiesOf,
  deleteProvider,
  endSessionsOf,
  findProvider,
  insertProvider,
  isSsoRequired,
  listDomains,
  listProviders,
  type ProviderRow,
  updateProvider,
} from './store.ts';

/** A provider as its tenant's administrators see it. Secrets are not in it: they go in and never come out. */
export interface Provider {
  readonly id: Id<'ssoProvider'>;
  readonly kind: StoredProvider['kind'];
  readonly name: string;
  readonly enabled: boolean;
  readonly domains: readonly Domain[];
  readonly roles: RoleRules;
  readonly joins: boolean;
  readonly oidc?: { readonly issuer: string; readonly clientId: string; readonly scopes: readonly string[]; readonly hasSecret: boolean };
  readonly oauth2?: Extract<StoredProvider, { kind: 'oauth2' }>['oauth2'] & { readonly hasSecret: boolean };
  readonly saml?: {
    readonly idpEntityId: string;
    readonly ssoUrl: string;
    readonly certificates: readonly { readonly fingerprint: string; readonly expiresAt: Date }[];
  };
  readonly own: Partial<OwnAddresses>;
  readonly lastTest: { readonly at: Date; readonly ok: boolean; readonly error: string | null } | null;
}

export interface Domain {
  readonly domain: string;
  readonly state: 'unverified' | 'verified';
  /** What has to stand in DNS. */
  readonly record: { readonly name: string; readonly type: 'TXT'; readonly value: string };
}

/** A provider with everything that is sealed in its row. */
export type OpenedProvider = Pick<ProviderRow, 'id' | 'tenantId' | 'name' | 'enabled' | 'updatedAt'> & { readonly stored: StoredProvider };

/** The provider, as far as it decides about people. */
export const admitting = ({ id, tenantId, stored }: OpenedProvider): Admitting => ({
  id,
  tenantId,
  joins: stored.joins,
  roles: stored.roles,
  forOwners: stored.forOwners,
});

interface Context {
  readonly db: AuthDb;
  readonly keyring: Pick<Keyring, 'of'>;
  readonly secrets: Pick<SecretResolver, 'valueOf' | 'check'>;
  readonly network: ProviderNetwork;
  readonly clock: Clock;
  /** Of the public address. */
  readonly origin: () => string;
}

interface Named {
  readonly tenantId: Id<'tenant'>;
  readonly id: string;
}

/** Oldest first. */
export async function readProviders(context: Context, tenantId: Id<'tenant'>): Promise<readonly Provider[]> {
  const [rows, domains] = [await listProviders(context.db, tenantId), await listDomains(context.db, tenantId)];
  const keys = await context.keyring.of(tenantId);
  return rows.map((row) => present(row, openRow(keys, row), domains, context.origin()));
}

/** The secrets that providers refer to, each with who does. */
export async function readReferences({ db, keyring }: Context, tenantId: Id<'tenant'>): Promise<readonly Reference[]> {
  const keys = await keyring.of(tenantId);
  return (await listProviders(db, tenantId)).flatMap((row) => {
    const stored = openRow(keys, row);
    const secret = stored.kind === 'saml' ? null : stored.clientSecret;
    return secret !== null && isReference(secret) ? [{ reference: secret, by: `identity provider ${row.name}` }] : [];
  });
}

/** @throws FactotumError `sso.not_found` */
export async function readProvider(context: Context, { tenantId, id }: Named): Promise<Provider> {
  const row = await requireProvider(context.db, tenantId, id);
  const stored = openRow(await context.keyring.of(tenantId), row);
  return present(row, stored, await listDomains(context.db, tenantId), context.origin());
}

/**
 * Sets a provider up. It signs owners in only if an owner has set it up or saved it since: it decides who somebody is, and who is no owner
 * could let it say that they are one.
 *
 * @throws FactotumError `request.invalid` (addresses, metadata), `role.not_found`, `auth.forbidden` (roles beyond the maker's, or the owner's).
 */
export async function createProvider(
  context: Context,
  { tenantId, input, by }: { tenantId: Id<'tenant'>; input: ProviderInput; by: Acting },
) {
  const { db, clock } = context;
  const id = newId('ssoProvider', clock.now().getTime());
  await requireSecret(context, tenantId, input, by);
  const stored = await store(context, id, { input, before: null, isByOwner: await isOwner(db, tenantId, by) });
  await requireRoles(db, tenantId, stored.roles, by);
  const now = clock.now();
  const sealed = sealRow(await context.keyring.of(tenantId), stored);
  const { kind, name, enabled } = input;
  await insertProvider(db, { id, tenantId, kind, name, enabled, sealed, createdAt: now, updatedAt: now });
  return readProvider(context, { tenantId, id });
}

/**
 * Changes a provider. Where it becomes another party (issuer, entity or addresses), everybody is connected anew: what the old one calls somebody
 * says nothing about the new one's names. Sessions it began end then, and when it is switched off.
 *
 * @throws FactotumError `sso.not_found`, `sso.in_use`, and what `createProvider` throws; `request.invalid` for another kind.
 */
export async function changeProvider(
  context: Context,
  { tenantId, id, input, by }: Named & { input: ProviderInput; by: Acting },
): Promise<Provider> {
  const { db, clock } = context;
  const row = await requireProvider(db, tenantId, id);
  const keys = await context.keyring.of(tenantId);
  const before = openRow(keys, row);
  if (before.kind !== input.kind) throw new FactotumError('request.invalid', 'A provider keeps its kind. Set up another one instead.');
  await requireSecret(context, tenantId, input, by);
  const stored = await store(context, row.id, { input, before, isByOwner: await isOwner(db, tenantId, by) });
  if (JSON.stringify(stored.roles) !== JSON.stringify(before.roles)) await requireRoles(db, tenantId, stored.roles, by);
  refuseMovedSecret(stored, before, input);
  const isOther = partyOf(stored) !== partyOf(before);
  if (row.enabled && !input.enabled) await requireDispensable(db, tenantId, row.id);
  await db.transaction().execute(async (tx) => {
    await updateProvider(tx, tenantId, row.id, {
      name: input.name,
      enabled: input.enabled,
      sealed: sealRow(keys, stored),
      updatedAt: clock.now(),
    });
    if (isOther) await deleteIdentitiesOf(tx, row.id);
    if (isOther || !input.enabled) await endSessionsOf(tx, row.id);
  });
  return readProvider(context, { tenantId, id });
}

/** Takes a provider away with its domains and connections; sessions it began end. @throws FactotumError `sso.not_found`, `sso.in_use`. */
export async function removeProvider({ db }: Pick<Context, 'db'>, { tenantId, id }: Named): Promise<void> {
  const row = await requireProvider(db, tenantId, id);
  if (row.enabled) await requireDispensable(db, tenantId, row.id);
  await db.transaction().execute(async (tx) => {
    await deleteProvider(tx, tenantId, row.id);
    await endSessionsOf(tx, row.id);
  });
}

/** @throws FactotumError `sso.not_found` */
export async function requireProvider(db: AuthDb, tenantId: Id<'tenant'>, id: string): Promise<ProviderRow> {
  const row = await findProvider(db, tenantId, id);
  if (row === undefined) throw noProvider();
  return row;
}

export const noProvider = () => new FactotumError('sso.not_found', 'There is no such identity provider, or it is switched off.');

/** Opens what is sealed in a row; a row that was copied from another does not open. */
export function openRow(keys: TenantKeys, { id, sealed }: Pick<ProviderRow, 'id' | 'sealed'>): StoredProvider {
  const broken = (cause: unknown) => new FactotumError('seal.broken', 'An identity provider cannot be read. The log says more.', { cause });
  const stored = storedSchema.safeParse(JSON.parse(keys.open('credential', refOf(id), sealed).toString('utf8')));
  if (!stored.success) throw broken(stored.error);
  if (stored.data.id !== id) throw broken(new Error('sealed for another provider'));
  return stored.data;
}

const sealRow = (keys: TenantKeys, stored: StoredProvider) =>
  keys.seal('credential', refOf(stored.id), Buffer.from(JSON.stringify(stored)));

const refOf = (id: string) => ({ kind: 'sso-provider', id });

/** What is kept of what an administrator sent; what is left out is taken from before. */
async function store(
  { network, clock }: Context,
  id: string,
  { input, before, isByOwner }: { input: ProviderInput; before: StoredProvider | null; isByOwner: boolean },
): Promise<StoredProvider> {
  const { joins, roles } = input;
  /** What an owner has said holds until somebody else changes whom it was said of. */
  const forOwners = (isSame: boolean) => isByOwner || (isSame && before?.forOwners === true);
  const secretBefore = before !== null && before.kind !== 'saml' ? before.clientSecret : null;
  switch (input.kind) {
    case 'oidc': {
      const { clientSecret = secretBefore, ...oidc } = input.oidc;
      if (oidc.issuer.includes('/.well-known/') || new URL(oidc.issuer).search !== '')
        throw new FactotumError('request.invalid', "Give the issuer itself, like https://login.example.com/, not its document's address.");
      network.refuseInsecure(oidc.issuer);
      const isSame = before?.kind === 'oidc' && isDeepStrictEqual(before.oidc, oidc);
      return { id, kind: 'oidc', joins, roles, forOwners: forOwners(isSame), oidc, clientSecret };
    }
    case 'oauth2': {
      const { clientSecret = secretBefore, ...oauth2 } = input.oauth2;
      for (const url of [oauth2.authorizationUrl, oauth2.tokenUrl, oauth2.userInfoUrl]) network.refuseInsecure(url);
      const isSame = before?.kind === 'oauth2' && isDeepStrictEqual(before.oauth2, oauth2);
      return { id, kind: 'oauth2', joins, roles, forOwners: forOwners(isSame), oauth2, clientSecret };
    }
    case 'saml': {
      const { metadataXml } = input.saml;
      const saml =
        metadataXml === undefined ? (before?.kind === 'saml' ? before.saml : undefined) : readIdpMetadata(metadataXml, clock.now());
      if (saml === undefined) throw new FactotumError('request.invalid', "Send the provider's metadata as `saml.metadataXml`.");
      network.refuseInsecure(saml.ssoUrl);
      const key = before?.kind === 'saml' ? before.key : await makeRequestKey(`factotum ${id}`, clock.now());
      const isSame = before?.kind === 'saml' && isDeepStrictEqual(before.saml, saml);
      return { id, kind: 'saml', joins, roles, forOwners: forOwners(isSame), saml, key };
    }
  }
}

/**
 * A client secret that is a reference leads to something that is there, and comes from somebody who may say who gets its value.
 *
 * @throws FactotumError `auth.forbidden`, and as resolving it does.
 */
async function requireSecret({ secrets }: Context, tenantId: Id<'tenant'>, input: ProviderInput, by: Acting): Promise<void> {
  const given = secretIn(input);
  if (given === undefined || !isReference(given)) return;
  requireMayRefer(by);
  await secrets.valueOf(tenantId, given);
}

const secretIn = (input: ProviderInput): string | undefined =>
  input.kind === 'oidc' ? input.oidc.clientSecret : input.kind === 'oauth2' ? input.oauth2.clientSecret : undefined;

/** Nobody reads a secret by having it sent somewhere else: one that is kept goes to where it went before. */
function refuseMovedSecret(stored: StoredProvider, before: StoredProvider, input: ProviderInput): void {
  if (stored.kind === 'saml' || stored.clientSecret === null || secretIn(input) !== undefined) return;
  if (addresseeOf(stored) !== addresseeOf(before))
    throw new FactotumError(
      'request.invalid',
      'The provider has another address now, and the client secret that is kept was for the one before. Send it again.',
    );
}

/** Who gets to see the client secret. */
function addresseeOf(stored: StoredProvider): string | null {
  if (stored.kind === 'saml') return null;
  return stored.kind === 'oidc' ? stored.oidc.issuer : stored.oauth2.tokenUrl;
}

/** What makes a provider the party that it is: whoever answers there decides who somebody is. */
function partyOf(stored: StoredProvider): string {
  switch (stored.kind) {
    case 'oidc':
      return stored.oidc.issuer;
    case 'oauth2':
      return JSON.stringify([stored.oauth2.tokenUrl, stored.oauth2.userInfoUrl, stored.oauth2.fields.subject]);
    case 'saml':
      return stored.saml.idpEntityId;
  }
}

/** Rules give roles that exist, never the owner's, and none that their maker could not give by hand. */
async function requireRoles(db: AuthDb, tenantId: Id<'tenant'>, { rules, fallback }: RoleRules, by: Acting): Promise<void> {
  const names = [...new Set([...rules.map(({ role }) => role), ...fallback])];
  if (names.length === 0) return;
  if (names.includes('owner')) throw new FactotumError('auth.forbidden', 'No rule makes owners. An owner does that, person by person.');
  requireWithin(by, (await resolveRoles(db, tenantId, names)).permissions);
}

async function requireDispensable(db: AuthDb, tenantId: Id<'tenant'>, id: Id<'ssoProvider'>): Promise<void> {
  if ((await isSsoRequired(db, tenantId)) && (await countOtherEnabled(db, tenantId, id)) === 0)
    throw new FactotumError(
      'sso.in_use',
      'Nobody could sign in any more: single sign-on is required, and this is the last provider. Switch that off first.',
    );
}

function present(row: ProviderRow, stored: StoredProvider, domains: readonly DomainRow[], origin: string): Provider {
  const { id, kind, name, enabled, testedAt, testError } = row;
  const { redirectUri, acsUrl, entityId, metadataUrl } = ownAddresses(origin, id);
  return {
    id,
    kind,
    name,
    enabled,
    domains: domains
      .filter(({ providerId }) => providerId === id)
      .map((one) => ({ domain: one.domain, state: one.verifiedAt === null ? 'unverified' : 'verified', record: recordOf(one) })),
    roles: stored.roles,
    joins: stored.joins,
    ...(stored.kind === 'oidc' ? { oidc: { ...stored.oidc, hasSecret: stored.clientSecret !== null } } : {}),
    ...(stored.kind === 'oauth2' ? { oauth2: { ...stored.oauth2, hasSecret: stored.clientSecret !== null } } : {}),
    ...(stored.kind === 'saml' ? { saml: { ...stored.saml, certificates: stored.saml.certificates.map(describe) } } : {}),
    own: stored.kind === 'saml' ? { acsUrl, entityId, metadataUrl } : { redirectUri },
    lastTest: testedAt === null ? null : { at: testedAt, ok: testError === null, error: testError },
  };
}

function describe(pem: string) {
  const { fingerprint256, validToDate } = new X509Certificate(pem);
  return { fingerprint: fingerprint256, expiresAt: validToDate };
}
