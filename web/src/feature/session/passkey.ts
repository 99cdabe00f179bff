import { ApiError, post } from '../../api/client.ts';

/** Whether this browser can use passkeys with the forms that the server speaks. */
export const hasPasskeys = (): boolean =>
  typeof PublicKeyCredential === 'function' && typeof PublicKeyCredential.parseRequestOptionsFromJSON === 'function';

/** Proves with a passkey at the address pair `<path>/options` and `<path>`. @throws ApiError `passkey.cancelled` when the person did not go on */
export async function proveByPasskey(path: '/session/passkey' | '/session/step-up/passkey'): Promise<void> {
  const options = await post<PublicKeyCredentialRequestOptionsJSON>(`${path}/options`, {});
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const response = await withAuthenticator(() => navigator.credentials.get({ publicKey }));
  await post(path, { response });
}

/** Makes a passkey for the account of this session. @throws ApiError as above */
export async function addPasskey(name: string): Promise<void> {
  const options = await post<PublicKeyCredentialCreationOptionsJSON>('/account/passkeys/options', {});
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const response = await withAuthenticator(() => navigator.credentials.create({ publicKey }));
  await post('/account/passkeys', { name, response });
}

async function withAuthenticator(ask: () => Promise<Credential | null>): Promise<unknown> {
  try {
    const credential = await ask();
    if (credential instanceof PublicKeyCredential) return credential.toJSON();
  } catch (cause) {
    throw new ApiError({ code: 'passkey.cancelled', status: 400, message: '', cause });
  }
  throw new ApiError({ code: 'passkey.cancelled', status: 400, message: '' });
}
