import type { DecryptCommandInput, KMSClient } from '@aws-sdk/client-kms';
import { type AwsAccessKey, awsClientSettings, awsFault, loadOptional } from '#kernel/cloud';
import type { KekProvider, WrappedSeed } from '../kek.ts';
import { asking, type Bound, type CloudKekOptions, invalidAddress, openUntilClosed, parseEndpoint, requireSame, tryKey } from './cloud.ts';
import { kekFault, openedSeed, requireOwnKey, requireSeed } from './fault.ts';

/** Where a key of AWS KMS is. */
export interface AwsKmsKey {
  /** Of a symmetric key, or of an alias of one. */
  readonly arn: string;
  /** Instead of the region's public address: a VPC endpoint. */
  readonly endpoint?: string;
}

export interface AwsKmsOptions extends AwsKmsKey, CloudKekOptions {
  /** A tenant's own. Without it the SDK's default chain: environment, profile, web identity, container, machine. */
  readonly accessKey?: AwsAccessKey;
}

const provider = 'aws-kms';
const service = 'AWS KMS';
const packageName = '@aws-sdk/client-kms';
const arnForm = /^(?<place>arn:aws[a-z-]*:kms:(?<region>[a-z0-9-]+):\d{12}:)(?:key\/[\w-]{1,128}|alias\/[\w/-]{1,250})$/;
/** The key behind the name, and which of its materials, where KMS says so: keys are rotated without a new ARN. */
const versionForm = /^(?<keyId>[\w-]{1,128})(?:\/(?<material>[0-9a-f]{64}))?$/;
/** What KMS answers when a wrap was changed, is bound to something else or is another key's. */
const brokenCodes = ['InvalidCiphertextException', 'IncorrectKeyException', 'ValidationException'];
const encryptionAlgorithm = 'SYMMETRIC_DEFAULT';

/** Reads `<arn>` or `<arn>?endpoint=<url>`. @throws FactotumError `key.provider_invalid`. */
export function parseAwsKmsKey(text: string): AwsKmsKey {
  const [arn = '', query = ''] = text.split('?', 2);
  if (!arnForm.test(arn)) throw invalidAddress('After aws-kms: comes the ARN of a key, or of an alias: arn:aws:kms:REGION:ACCOUNT:key/ID.');
  const parameters = new URLSearchParams(query);
  const endpoint = parameters.get('endpoint');
  if ([...parameters.keys()].some((name) => name !== 'endpoint'))
    throw invalidAddress('An aws-kms address takes only the parameter endpoint.');
  return endpoint === null ? { arn } : { arn, endpoint: parseEndpoint(endpoint) };
}

/**
 * A key in AWS KMS. Each wrap is bound to tenant and generation by KMS itself (EncryptionContext), is opened once before it is handed out,
 * and is moved to newer key material without leaving KMS (ReEncrypt).
 *
 * @throws FactotumError `key.provider_missing` when AWS's SDK is not installed.
 */
export async function createAwsKms({ arn, endpoint, accessKey, fetch, clock, ...limit }: AwsKmsOptions): Promise<KekProvider> {
  const { place, region } = arnForm.exec(arn)?.groups ?? {};
  if (place === undefined || region === undefined) throw new RangeError('the ARN was not parsed');
  const sdk = await loadOptional(packageName, () => import('@aws-sdk/client-kms'), {
    code: 'key.provider_missing',
    purpose: 'A key in AWS KMS',
  });
  const client: KMSClient = new sdk.KMSClient({
    region,
    ...awsClientSettings({ fetch, ...limit }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(accessKey === undefined
      ? {}
      : {
          credentials: {
            accessKeyId: accessKey.accessKeyId,
            secretAccessKey: accessKey.secretAccessKey,
            ...(accessKey.sessionToken === undefined ? {} : { sessionToken: accessKey.sessionToken }),
          },
        }),
  });
  const life = openUntilClosed(provider);
  const call = <T>(work: () => Promise<T>): Promise<T> =>
    asking(async () => {
      life.require();
      try {
        return await work();
      } catch (error) {
        throw awsFault(service, error, brokenCodes);
      }
    });

  /** The id of a key that KMS says it has used: the one we named, or the one behind the alias. */
  const keyIdOf = (used: string | undefined): string => {
    const keyId = used?.startsWith(`${place}key/`) ? used.slice(`${place}key/`.length) : undefined;
    if (keyId === undefined || (arn.startsWith(`${place}key/`) && used !== arn)) throw otherKey();
    return keyId;
  };
  const decrypt = async (wrapped: Buffer, keyId: string, bound: Bound): Promise<{ seed: Buffer; kekVersion: string }> => {
    const input: DecryptCommandInput = {
      CiphertextBlob: wrapped,
      KeyId: `${place}key/${keyId}`,
      EncryptionContext: contextOf(arn, bound),
      EncryptionAlgorithm: encryptionAlgorithm,
    };
    const { Plaintext, KeyId, KeyMaterialId } = await call(() => client.send(new sdk.DecryptCommand(input)));
    if (KeyId !== input.KeyId) throw otherKey();
    const seed = Buffer.from(Plaintext ?? []);
    Plaintext?.fill(0);
    return { seed: openedSeed(seed, provider), kekVersion: versionOf(keyId, KeyMaterialId) };
  };
  /** An alias may name another key since then, so the row says which; it says nothing about keys elsewhere. */
  const keyIdOfRow = (row: WrappedSeed): string => {
    requireOwnKey(row, kek);
    const keyId = versionForm.exec(row.kekVersion)?.groups?.keyId;
    if (keyId === undefined) throw otherKey();
    return keyIdOf(arn.startsWith(`${place}key/`) ? arn : `${place}key/${keyId}`);
  };
  const wrap = async (seed: Buffer, bound: Bound): Promise<WrappedSeed> => {
    requireSeed(seed);
    const { CiphertextBlob, KeyId } = await call(() =>
      client.send(
        new sdk.EncryptCommand({
          KeyId: arn,
          Plaintext: seed,
          EncryptionContext: contextOf(arn, bound),
          EncryptionAlgorithm: encryptionAlgorithm,
        }),
      ),
    );
    const wrapped = Buffer.from(CiphertextBlob ?? []);
    const opened = await decrypt(wrapped, keyIdOf(KeyId), bound);
    requireSame(opened.seed, seed, provider);
    return { kekId: arn, kekVersion: opened.kekVersion, wrapped };
  };
  const kek: KekProvider = {
    provider,
    kekId: arn,
    capabilities: { binds: true, rewrapsInside: true },
    wrap,
    async unwrap(row, binding) {
      return (await decrypt(row.wrapped, keyIdOfRow(row), binding)).seed;
    },
    async rewrap(row, binding) {
      const context = contextOf(arn, binding);
      const sourceKeyId = `${place}key/${keyIdOfRow(row)}`;
      const { CiphertextBlob, KeyId, DestinationKeyMaterialId } = await call(() =>
        client.send(
          new sdk.ReEncryptCommand({
            CiphertextBlob: row.wrapped,
            SourceKeyId: sourceKeyId,
            SourceEncryptionContext: context,
            SourceEncryptionAlgorithm: encryptionAlgorithm,
            DestinationKeyId: arn,
            DestinationEncryptionContext: context,
            DestinationEncryptionAlgorithm: encryptionAlgorithm,
          }),
        ),
      );
      const kekVersion = versionOf(keyIdOf(KeyId), DestinationKeyMaterialId);
      return { kekId: arn, kekVersion, wrapped: Buffer.from(CiphertextBlob ?? []) };
    },
    health: () => tryKey(clock, wrap),
    async close() {
      life.close();
      client.destroy();
    },
  };
  return kek;
}

/**
 * In clear in CloudTrail and in conditions of policies (`kms:EncryptionContext:factotum:tenant`): no names of people, no content. An alias is
 * bound as well, since its rows name the key behind it themselves: else a row could be brought under any key that we may use.
 */
const contextOf = (arn: string, { tenantId, generation }: Bound): Record<string, string> => ({
  'factotum:tenant': tenantId,
  'factotum:generation': String(generation),
  ...(arn.includes(':alias/') ? { 'factotum:alias': arn.slice(arn.indexOf('alias/')) } : {}),
});

const versionOf = (keyId: string, material: string | undefined) => (material === undefined ? keyId : `${keyId}/${material}`);

const otherKey = () => kekFault('broken', `${service} answered for another key than the one that was asked for.`);
