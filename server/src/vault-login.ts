import { readFile } from 'node:fs/promises';
import { type Config, FactotumError, type ValueOrFile } from '#kernel';
import { kubernetesTokenFile, type VaultAuth } from '#kernel/hashicorp-vault';
import { registerSecret } from '#kernel/redact';

/** How we sign in to Vault. What lies in a file is read at each sign-in, so that a file that was replaced counts without a restart. */
export function vaultLogin(login: Config['vault']): VaultAuth | undefined {
  switch (login?.method) {
    case 'token':
      return { method: 'token', token: () => readFrom('FACTOTUM_VAULT_TOKEN_FILE', login.token) };
    case 'approle': {
      const { roleId, secretId } = login;
      return { method: 'approle', roleId: async () => roleId, secretId: () => readFrom('FACTOTUM_VAULT_SECRET_ID_FILE', secretId) };
    }
    case 'kubernetes':
      return {
        method: 'kubernetes',
        role: login.role,
        jwt: () => readFrom('FACTOTUM_VAULT_KUBERNETES_ROLE', { file: kubernetesTokenFile }),
      };
    case undefined:
      return undefined;
  }
}

async function readFrom(setting: string, from: ValueOrFile): Promise<string> {
  if ('value' in from) return from.value;
  const text = await readFile(from.file, 'utf8').catch((cause: unknown) => {
    throw new FactotumError('secret.unavailable', `${setting}: ${from.file} cannot be read.`, { cause });
  });
  const value = text.trim();
  registerSecret(value);
  return value;
}
