import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, randomBytes, sign, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { FactotumError } from '#kernel';
import type { RotationKind } from '../kind.ts';

const generate = promisify(generateKeyPair);

/** A private key in PEM (PKCS #8) that signs what others check. Its successor is of the same type and strength. */
export const signingKeyKind: RotationKind = {
  kind: 'signing-key',
  makesValues: true,
  forTenants: true,
  create: async ({ old }) => pemOf(await successorOf(read(old))),
  async test(_rotation, value) {
    const key = read(value);
    const message = randomBytes(32);
    const signature = sign(digestOf(key), message, key);
    if (!verify(digestOf(key), message, createPublicKey(key), signature)) throw unusable('It does not verify what it has signed.');
  },
  // Nobody but whoever uses it knows it; its public half is taken down there.
  revoke: async () => undefined,
};

async function successorOf(key: KeyObject): Promise<KeyObject> {
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ed25519') return (await generate('ed25519')).privateKey;
  if (key.asymmetricKeyType === 'ec' && namedCurve !== undefined) return (await generate('ec', { namedCurve })).privateKey;
  if (key.asymmetricKeyType === 'rsa' && modulusLength !== undefined) return (await generate('rsa', { modulusLength })).privateKey;
  throw unusable('Keys of this type are not made here: Ed25519, EC and RSA are.');
}

/** Ed25519 has its digest built in. */
const digestOf = (key: KeyObject): string | null => (key.asymmetricKeyType === 'ed25519' ? null : 'sha256');

const pemOf = (key: KeyObject): string => key.export({ format: 'pem', type: 'pkcs8' }).toString();

function read(value: string): KeyObject {
  try {
    return createPrivateKey(value);
  } catch {
    // Not the cause: it may quote the key.
    throw unusable('It is not a private key in PEM.');
  }
}

const unusable = (what: string) => new FactotumError('request.invalid', `The signing key cannot be rotated. ${what}`);
