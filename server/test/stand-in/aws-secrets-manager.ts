import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { z } from 'zod';
import { type FarAnswer, type FarRequest, type FarSide, startFarSide } from './far-side.ts';
import { type SigningKey, verifySigV4 } from './sigv4.ts';

export interface AwsSecretsManager extends FarSide {
  readonly region: string;
  readonly accessKey: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** From now on nobody may do anything. */
  denyAll(): void;
  /** What a value has become, past the service: by name. */
  valueOf(name: string): string | undefined;
}

interface Secret {
  /** By version id. */
  readonly values: Map<string, string>;
  /** Which version each stage is on. */
  readonly stages: Map<string, string>;
}

const name = z.string().regex(/^[\w/+=.@-]{1,512}$/);
const text = z.string().min(1).max(65_536);
const token = z.string().min(32).max(64);
const inputs = {
  GetSecretValue: z.strictObject({ SecretId: name, VersionId: token.optional(), VersionStage: z.string().optional() }),
  CreateSecret: z.strictObject({ Name: name, SecretString: text, ClientRequestToken: token }),
  PutSecretValue: z.strictObject({
    SecretId: name,
    SecretString: text,
    ClientRequestToken: token,
    VersionStages: z.array(z.string().min(1).max(256)).min(1).max(20).optional(),
  }),
  UpdateSecretVersionStage: z.strictObject({
    SecretId: name,
    VersionStage: z.string(),
    MoveToVersionId: token.optional(),
    RemoveFromVersionId: token.optional(),
  }),
  ListSecrets: z.strictObject({
    MaxResults: z.int().min(1).max(100).optional(),
    NextToken: z.string().optional(),
    Filters: z.array(z.strictObject({ Key: z.literal('name'), Values: z.array(z.string()).max(10) })).optional(),
  }),
  DeleteSecret: z.strictObject({
    SecretId: name,
    ForceDeleteWithoutRecovery: z.boolean().optional(),
    RecoveryWindowInDays: z.int().min(7).max(30).optional(),
  }),
};
type Action = keyof typeof inputs;
const isAction = (given: string | undefined): given is Action => given !== undefined && Object.hasOwn(inputs, given);

class Refusal extends Error {
  readonly answer: FarAnswer;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.answer = { status, json: { __type: code, message } };
  }
}

/** AWS Secrets Manager on a port of its own, which checks signatures, forms and stages as the real one documents them. */
export async function startAwsSecretsManager(t: TestContext): Promise<AwsSecretsManager> {
  const region = 'eu-central-1';
  const accessKey = {
    accessKeyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64'),
  };
  const callers = new Map<string, SigningKey>([[accessKey.accessKeyId, { secretAccessKey: accessKey.secretAccessKey }]]);
  const secrets = new Map<string, Secret>();
  let denied = false;

  const find = (id: string): Secret => {
    const secret = secrets.get(id);
    if (secret === undefined) throw new Refusal('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    return secret;
  };
  const parse = <T>(schema: z.ZodType<T>, body: unknown): T => {
    const parsed = schema.safeParse(body);
    if (!parsed.success) throw new Refusal('ValidationException', z.prettifyError(parsed.error));
    return parsed.data;
  };
  const arnOf = (id: string) => `arn:aws:secretsmanager:${region}:111122223333:secret:${id}-AbCdEf`;
  /** A stage sits on one version; AWSPREVIOUS is where AWSCURRENT has just been. */
  const moveStage = ({ stages }: Secret, stage: string, to: string) => {
    const before = stages.get(stage);
    if (stage === 'AWSCURRENT' && before !== undefined && before !== to) stages.set('AWSPREVIOUS', before);
    stages.set(stage, to);
  };

  const operations: Readonly<Record<Action, (body: unknown) => unknown>> = {
    GetSecretValue(body) {
      const { SecretId, VersionId, VersionStage = 'AWSCURRENT' } = parse(inputs.GetSecretValue, body);
      const secret = find(SecretId);
      const version = VersionId ?? secret.stages.get(VersionStage) ?? '';
      const value = secret.values.get(version);
      if (value === undefined)
        throw new Refusal('ResourceNotFoundException', "Secrets Manager can't find the specified secret value for staging label.");
      return { ARN: arnOf(SecretId), Name: SecretId, VersionId: version, SecretString: value, VersionStages: stagesOf(secret, version) };
    },
    CreateSecret(body) {
      const { Name, SecretString, ClientRequestToken } = parse(inputs.CreateSecret, body);
      if (secrets.has(Name))
        throw new Refusal('ResourceExistsException', `The operation failed because the secret ${Name} already exists.`);
      secrets.set(Name, { values: new Map([[ClientRequestToken, SecretString]]), stages: new Map([['AWSCURRENT', ClientRequestToken]]) });
      return { ARN: arnOf(Name), Name, VersionId: ClientRequestToken };
    },
    PutSecretValue(body) {
      const { SecretId, SecretString, ClientRequestToken, VersionStages = ['AWSCURRENT'] } = parse(inputs.PutSecretValue, body);
      const secret = find(SecretId);
      const known = secret.values.get(ClientRequestToken);
      if (known !== undefined && known !== SecretString)
        throw new Refusal('ResourceExistsException', 'A version of that id has another value.');
      secret.values.set(ClientRequestToken, SecretString);
      for (const stage of VersionStages) moveStage(secret, stage, ClientRequestToken);
      return { ARN: arnOf(SecretId), Name: SecretId, VersionId: ClientRequestToken, VersionStages };
    },
    UpdateSecretVersionStage(body) {
      const { SecretId, VersionStage, MoveToVersionId, RemoveFromVersionId } = parse(inputs.UpdateSecretVersionStage, body);
      const secret = find(SecretId);
      const at = secret.stages.get(VersionStage);
      if (at !== undefined && RemoveFromVersionId !== at)
        throw new Refusal(
          'InvalidParameterException',
          `The parameter RemoveFromVersionId can't be other than the version that ${VersionStage} is attached to.`,
        );
      if (MoveToVersionId === undefined) secret.stages.delete(VersionStage);
      else if (!secret.values.has(MoveToVersionId)) throw new Refusal('ResourceNotFoundException', 'There is no version of that id.');
      else moveStage(secret, VersionStage, MoveToVersionId);
      return { ARN: arnOf(SecretId), Name: SecretId };
    },
    ListSecrets(body) {
      const { MaxResults = 100, NextToken = '', Filters = [] } = parse(inputs.ListSecrets, body);
      const prefixes = Filters.flatMap(({ Values }) => Values.map((value) => value.toLowerCase()));
      const names = [...secrets.keys()]
        .sort()
        .filter((one) => prefixes.length === 0 || prefixes.some((prefix) => one.toLowerCase().startsWith(prefix)));
      const from = NextToken === '' ? 0 : Number(Buffer.from(NextToken, 'base64').toString());
      const page = names.slice(from, from + Math.min(MaxResults, 2));
      const next = from + page.length;
      return {
        SecretList: page.map((Name) => ({ ARN: arnOf(Name), Name })),
        ...(next < names.length ? { NextToken: Buffer.from(String(next)).toString('base64') } : {}),
      };
    },
    DeleteSecret(body) {
      const { SecretId, ForceDeleteWithoutRecovery, RecoveryWindowInDays } = parse(inputs.DeleteSecret, body);
      if (ForceDeleteWithoutRecovery === true && RecoveryWindowInDays !== undefined)
        throw new Refusal('InvalidParameterException', 'Not both.');
      find(SecretId);
      secrets.delete(SecretId);
      return { ARN: arnOf(SecretId), Name: SecretId, DeletionDate: Date.now() / 1_000 };
    },
  };

  const answer = (request: FarRequest, isLying: boolean): FarAnswer => {
    const action = /^secretsmanager\.(\w+)$/.exec(String(request.headers['x-amz-target']))?.[1];
    if (request.method !== 'POST' || request.headers['content-type'] !== 'application/x-amz-json-1.1' || !isAction(action))
      return new Refusal('UnknownOperationException', '').answer;
    const verdict = verifySigV4(request, {
      region,
      service: 'secretsmanager',
      keys: callers,
      now: () => new Date(),
      mustSign: ['x-amz-target'],
    });
    try {
      if (!verdict.ok) throw new Refusal(verdict.code, verdict.message);
      if (denied) throw new Refusal('AccessDeniedException', `User is not authorized to perform: secretsmanager:${action}`);
      const json = operations[action](JSON.parse(request.body.toString('utf8')));
      return { status: 200, json: isLying ? { Name: 7 } : json };
    } catch (error) {
      if (error instanceof Refusal) return error.answer;
      throw error;
    }
  };
  const far = await startFarSide(t, {
    answer,
    throttled: new Refusal('ThrottlingException', 'Rate exceeded').answer,
    failed: new Refusal('InternalServiceError', 'internal', 500).answer,
  });
  return Object.assign(far, {
    region,
    accessKey,
    denyAll: () => {
      denied = true;
    },
    valueOf: (id: string) => {
      const secret = secrets.get(id);
      return secret?.values.get(secret.stages.get('AWSCURRENT') ?? '');
    },
  });
}

const stagesOf = ({ stages }: Secret, version: string): string[] => [...stages].filter(([, at]) => at === version).map(([stage]) => stage);
