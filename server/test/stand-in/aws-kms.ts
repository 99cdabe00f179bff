import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { z } from 'zod';
import { type FarAnswer, type FarRequest, type FarSide, startFarSide } from './far-side.ts';
import { type SigningKey, verifySigV4 } from './sigv4.ts';

export interface AwsKms extends FarSide {
  readonly region: string;
  readonly accessKey: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Makes a key and returns its ARN. */
  createKey(): string;
  /** Names a key, or another one than before. Returns the alias's ARN. */
  alias(name: string, keyArn: string): string;
  /** New material for the key, as automatic rotation makes it: the ARN stays. */
  rotate(keyArn: string): void;
  setState(keyArn: string, state: 'Enabled' | 'Disabled' | 'PendingDeletion'): void;
  /** From now on the policy does not allow this action. */
  deny(action: Action): void;
  /** Lets somebody else in. */
  admit(accessKeyId: string, key: SigningKey): void;
  /** How far the service's clock is ahead of ours, in milliseconds. */
  aheadMs: number;
  /** The actions that were asked for, oldest first. */
  actions(): string[];
}

export type Action = 'Encrypt' | 'Decrypt' | 'ReEncrypt' | 'DescribeKey';

interface Key {
  readonly id: string;
  readonly arn: string;
  state: 'Enabled' | 'Disabled' | 'PendingDeletion';
  /** Newest last. */
  readonly materials: { readonly id: string; readonly bytes: Buffer }[];
}

const region = 'eu-central-1';
const place = `arn:aws:kms:${region}:111122223333:`;

const context = z.record(z.string().min(1), z.string()).default({});
const blob = (max: number) =>
  z
    .base64()
    .transform((text) => Buffer.from(text, 'base64'))
    .refine((bytes) => bytes.length >= 1 && bytes.length <= max);
const algorithm = z.literal('SYMMETRIC_DEFAULT').default('SYMMETRIC_DEFAULT');
const keyId = z.string().min(1).max(2_048);
/** Members that the service knows; any other one is refused here, where the service would not notice a mistake of ours. */
const inputs = {
  Encrypt: z.strictObject({ KeyId: keyId, Plaintext: blob(4_096), EncryptionContext: context, EncryptionAlgorithm: algorithm }),
  Decrypt: z.strictObject({
    CiphertextBlob: blob(6_144),
    KeyId: keyId.optional(),
    EncryptionContext: context,
    EncryptionAlgorithm: algorithm,
  }),
  ReEncrypt: z.strictObject({
    CiphertextBlob: blob(6_144),
    SourceKeyId: keyId.optional(),
    SourceEncryptionContext: context,
    SourceEncryptionAlgorithm: algorithm,
    DestinationKeyId: keyId,
    DestinationEncryptionContext: context,
    DestinationEncryptionAlgorithm: algorithm,
  }),
  DescribeKey: z.strictObject({ KeyId: keyId }),
};

/** AWS KMS as far as symmetric keys go: signatures, contexts, key states and permissions are checked as the service does. */
export async function startAwsKms(t: TestContext): Promise<AwsKms> {
  const accessKey = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: randomBytes(30).toString('base64') };
  const callers = new Map<string, SigningKey>([[accessKey.accessKeyId, accessKey]]);
  const keys = new Map<string, Key>();
  const aliases = new Map<string, string>();
  const denied = new Set<string>();

  const find = (name: string): Key => {
    const arn = name.startsWith('alias/') || name.startsWith(`${place}alias/`) ? aliases.get(name.replace(place, '')) : name;
    const key = [...keys.values()].find((one) => one.arn === arn || one.id === arn);
    if (key === undefined) throw refusal('NotFoundException', `Key '${name}' does not exist`);
    return key;
  };
  const usable = (key: Key): Key => {
    if (key.state === 'Disabled') throw refusal('DisabledException', `${key.arn} is disabled.`);
    if (key.state === 'PendingDeletion') throw refusal('KMSInvalidStateException', `${key.arn} is pending deletion.`);
    return key;
  };
  const encrypt = (key: Key, plain: Buffer, bound: Context) => {
    const material = key.materials.at(-1) ?? raise('no material');
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', material.bytes, nonce).setAAD(aadOf(bound));
    const head = Buffer.concat([Buffer.from(key.id), Buffer.from(material.id, 'hex'), nonce]);
    return Buffer.concat([head, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  };
  const decrypt = (sealed: Buffer, expected: string | undefined, bound: Context) => {
    const key = keys.get(sealed.subarray(0, 36).toString());
    const material = key?.materials.find((one) => one.id === sealed.subarray(36, 68).toString('hex'));
    if (expected !== undefined && key !== undefined && find(expected) !== key)
      throw refusal('IncorrectKeyException', 'The key ID in the request does not identify a CMK that can perform this operation.');
    if (key === undefined || material === undefined || sealed.length < 96) throw refusal('InvalidCiphertextException', '');
    usable(key);
    try {
      const decipher = createDecipheriv('aes-256-gcm', material.bytes, sealed.subarray(68, 80)).setAAD(aadOf(bound));
      decipher.setAuthTag(sealed.subarray(-16));
      return { key, material, plain: Buffer.concat([decipher.update(sealed.subarray(80, -16)), decipher.final()]) };
    } catch {
      throw refusal('InvalidCiphertextException', '');
    }
  };
  const SYMMETRIC_DEFAULT = 'SYMMETRIC_DEFAULT';
  const operations: Record<Action, (body: unknown, isLying: boolean) => unknown> = {
    Encrypt(body, isLying) {
      const { KeyId, Plaintext, EncryptionContext } = parse(inputs.Encrypt, body);
      const key = usable(find(KeyId));
      const sealed = encrypt(key, isLying ? flip(Plaintext) : Plaintext, EncryptionContext);
      return { CiphertextBlob: sealed.toString('base64'), KeyId: key.arn, EncryptionAlgorithm: SYMMETRIC_DEFAULT };
    },
    Decrypt(body, isLying) {
      const { CiphertextBlob, KeyId, EncryptionContext } = parse(inputs.Decrypt, body);
      const { key, material, plain } = decrypt(CiphertextBlob, KeyId, EncryptionContext);
      const told = isLying ? plain.subarray(0, 31) : plain;
      return { Plaintext: told.toString('base64'), KeyId: key.arn, EncryptionAlgorithm: SYMMETRIC_DEFAULT, KeyMaterialId: material.id };
    },
    ReEncrypt(body) {
      const input = parse(inputs.ReEncrypt, body);
      const { key: source, material, plain } = decrypt(input.CiphertextBlob, input.SourceKeyId, input.SourceEncryptionContext);
      const key = usable(find(input.DestinationKeyId));
      return {
        CiphertextBlob: encrypt(key, plain, input.DestinationEncryptionContext).toString('base64'),
        SourceKeyId: source.arn,
        KeyId: key.arn,
        SourceEncryptionAlgorithm: SYMMETRIC_DEFAULT,
        DestinationEncryptionAlgorithm: SYMMETRIC_DEFAULT,
        SourceKeyMaterialId: material.id,
        DestinationKeyMaterialId: key.materials.at(-1)?.id,
      };
    },
    DescribeKey(body) {
      const key = find(parse(inputs.DescribeKey, body).KeyId);
      return {
        KeyMetadata: { KeyId: key.id, Arn: key.arn, Enabled: key.state === 'Enabled', KeyState: key.state, KeyUsage: 'ENCRYPT_DECRYPT' },
      };
    },
  };

  const answer = (request: FarRequest, isLying: boolean): FarAnswer => {
    if (request.method !== 'POST' || request.url.pathname !== '/') return refusal('UnknownOperationException', '').answer;
    const target = /^TrentService\.(\w+)$/.exec(String(request.headers['x-amz-target']))?.[1];
    if (request.headers['content-type'] !== 'application/x-amz-json-1.1' || !isAction(target))
      return refusal('UnknownOperationException', '').answer;
    const now = () => new Date(Date.now() + kms.aheadMs);
    const verdict = verifySigV4(request, { region, service: 'kms', keys: callers, now, mustSign: ['x-amz-target'] });
    const date = { date: now().toUTCString() };
    if (!verdict.ok) return { ...refusal(verdict.code, verdict.message).answer, headers: date };
    try {
      if (denied.has(target)) throw refusal('AccessDeniedException', `User is not authorized to perform: kms:${target}`);
      return { status: 200, json: operations[target](JSON.parse(request.body.toString('utf8')), isLying), headers: date };
    } catch (error) {
      if (error instanceof Refusal) return { ...error.answer, headers: date };
      throw error;
    }
  };
  const far = await startFarSide(t, {
    answer,
    throttled: refusal('ThrottlingException', 'Rate exceeded').answer,
    failed: { status: 500, json: { __type: 'KMSInternalException', message: 'internal' } },
  });
  const keyOf = (arn: string) => find(arn);
  const kms: AwsKms = Object.assign(far, {
    region,
    accessKey,
    aheadMs: 0,
    createKey() {
      const id = randomUUID();
      keys.set(id, { id, arn: `${place}key/${id}`, state: 'Enabled', materials: [newMaterial()] });
      return `${place}key/${id}`;
    },
    alias(name: string, keyArn: string) {
      aliases.set(`alias/${name}`, keyOf(keyArn).arn);
      return `${place}alias/${name}`;
    },
    rotate: (arn: string) => void keyOf(arn).materials.push(newMaterial()),
    setState(arn: string, state: Key['state']) {
      keyOf(arn).state = state;
    },
    deny: (action: Action) => void denied.add(action),
    admit: (id: string, key: SigningKey) => void callers.set(id, key),
    actions: () => far.requests.map(({ headers }) => String(headers['x-amz-target']).replace('TrentService.', '')),
  });
  return kms;
}

type Context = Readonly<Record<string, string>>;

class Refusal extends Error {
  readonly answer: FarAnswer;
  constructor(code: string, message: string) {
    super(message);
    this.answer = { status: 400, json: { __type: code, message } };
  }
}

const refusal = (code: string, message: string) => new Refusal(code, message);
const raise = (what: string): never => {
  throw new Error(what);
};
const isAction = (name: string | undefined): name is Action => name !== undefined && Object.hasOwn(inputs, name);
const newMaterial = () => ({ id: randomBytes(32).toString('hex'), bytes: randomBytes(32) });
/** The pairs in one order, whatever the caller's was. */
const aadOf = (bound: Context) => Buffer.from(JSON.stringify(Object.entries(bound).sort(([a], [b]) => (a < b ? -1 : 1))));

function flip(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeUInt8(changed.readUInt8(0) ^ 1, 0);
  return changed;
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw refusal('ValidationException', z.prettifyError(parsed.error));
  return parsed.data;
}
