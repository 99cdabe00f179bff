import { randomUUID } from 'node:crypto';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { FactotumError } from '#kernel';
import { awsClientSettings, awsFault, CloudFault, loadOptional } from '#kernel/cloud';
import type { SecretStore } from '../port.ts';

const service = 'AWS Secrets Manager';
const listMax = 1_000;
/** Marks the value that is about to be put in force: a version without any stage may be taken away by AWS at any time. */
const stage = 'FACTOTUM_NEXT';

export interface AwsStoreOptions {
  readonly fetch: typeof globalThis.fetch;
  readonly timeoutMs?: number;
  /** For tests; else the SDK's own chain decides (environment, profile, role of the machine or the pod). */
  readonly client?: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { accessKeyId: string; secretAccessKey: string };
  };
}

/**
 * Secrets of AWS Secrets Manager. AWS has no conditional write, but a stage moves from one version to another only if it is where one
 * says: so a value is put beside the one in force first, and `AWSCURRENT` is moved to it then.
 */
export async function createAwsStore({ fetch, timeoutMs, client: given = undefined }: AwsStoreOptions): Promise<SecretStore> {
  const sdk = await loadOptional('@aws-sdk/client-secrets-manager', () => import('@aws-sdk/client-secrets-manager'), {
    code: 'secret.unavailable',
    purpose: 'Reading secrets from AWS Secrets Manager',
  });
  const client: SecretsManagerClient = new sdk.SecretsManagerClient({
    ...awsClientSettings({ fetch, ...(timeoutMs === undefined ? {} : { timeoutMs }) }),
    ...given,
  });
  const get = (name: string) =>
    named(name, async () => {
      const found = await client.send(new sdk.GetSecretValueCommand({ SecretId: name })).catch(orNull);
      if (found === null) return null;
      const { SecretString: text, SecretBinary: bytes, VersionId: version } = found;
      const value = text ?? (bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8'));
      if (value === undefined || version === undefined) throw new CloudFault('broken', `${service} answered without a value.`);
      return { value, version };
    });
  return {
    kind: 'aws',
    isWritable: true,
    get,
    put: (name, value, ifVersion) =>
      named(name, async () => {
        if (ifVersion === null) {
          const made = await client
            .send(new sdk.CreateSecretCommand({ Name: name, SecretString: value, ClientRequestToken: randomUUID() }))
            .catch((error: unknown) => {
              if (isNamed(error, 'ResourceExistsException'))
                throw new FactotumError('secret.exists', `There is a secret ${name} at ${service} already.`);
              throw error;
            });
          return { version: made.VersionId ?? '' };
        }
        const put = await client
          .send(
            new sdk.PutSecretValueCommand({
              SecretId: name,
              SecretString: value,
              ClientRequestToken: randomUUID(),
              VersionStages: [stage],
            }),
          )
          .catch(orNull);
        if (put?.VersionId === undefined) throw new FactotumError('secret.not_found', `There is no secret ${name} at ${service}.`);
        const move = { SecretId: name, VersionStage: 'AWSCURRENT', MoveToVersionId: put.VersionId, RemoveFromVersionId: ifVersion };
        await client.send(new sdk.UpdateSecretVersionStageCommand(move)).catch((error: unknown) => {
          if (isNamed(error, 'InvalidParameterException') || isNamed(error, 'ResourceNotFoundException'))
            throw new FactotumError('secret.changed', `The secret ${name} has another version at ${service} by now.`, { cause: error });
          throw error;
        });
        return { version: put.VersionId };
      }),
    list: (prefix) =>
      named(prefix, async () => {
        const names: string[] = [];
        let token: string | undefined;
        do {
          const page = await client.send(
            new sdk.ListSecretsCommand({
              MaxResults: 100,
              ...(prefix === '' ? {} : { Filters: [{ Key: 'name', Values: [prefix] }] }),
              ...(token === undefined ? {} : { NextToken: token }),
            }),
          );
          for (const { Name: name } of page.SecretList ?? []) if (name?.startsWith(prefix) === true) names.push(name);
          token = page.NextToken;
        } while (token !== undefined && names.length < listMax);
        return names.sort().slice(0, listMax);
      }),
    destroy: (name) =>
      named(name, async () => {
        // Destroying is asked for by somebody who has been asked whether they mean it: no thirty days in which it can be had back.
        const gone = await client.send(new sdk.DeleteSecretCommand({ SecretId: name, ForceDeleteWithoutRecovery: true })).catch(orNull);
        if (gone === null) throw new FactotumError('secret.not_found', `There is no secret ${name} at ${service}.`);
      }),
    close: async () => client.destroy(),
  };
}

const isNamed = (error: unknown, name: string): boolean => error instanceof Error && error.name === name;

function orNull(error: unknown): null {
  // A secret that is being deleted is not there any more.
  if (isNamed(error, 'ResourceNotFoundException') || (isNamed(error, 'InvalidRequestException') && /deletion/.test(String(error))))
    return null;
  throw error;
}

async function named<R>(name: string, work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FactotumError) throw error;
    const fault = error instanceof CloudFault ? error : awsFault(service, error);
    throw new FactotumError('secret.unavailable', `The secret ${name} cannot be had. ${fault.message}`, { cause: fault });
  }
}
