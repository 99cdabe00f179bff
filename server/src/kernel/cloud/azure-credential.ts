import { z } from 'zod';

/** Where Microsoft Entra ID hands out tokens: the public cloud, the one of China, the one of the government of the United States. */
const authorities = ['https://login.microsoftonline.com', 'https://login.chinacloudapi.cn', 'https://login.microsoftonline.us'] as const;
export const defaultAuthority = authorities[0];

const directoryId = z.string().regex(/^[0-9A-Za-z][0-9A-Za-z.-]{0,127}$/, 'the id or domain of a directory');

/** What a tenant hands in to be somebody at Azure: an application of its directory with a client secret. */
export const azureClientSecretSchema = z.strictObject({
  tenantId: directoryId,
  clientId: z.guid(),
  clientSecret: z.string().min(1).max(1_000),
  authority: z.enum(authorities).optional(),
});

/** Who we are at Azure. */
export type AzureCredential =
  | {
      readonly kind: 'client-secret';
      readonly tenantId: string;
      readonly clientId: string;
      readonly clientSecret: string;
      readonly authority?: string | undefined;
    }
  | {
      /** Kubernetes with workload identity: a token in a file that is replaced all the time stands for the secret. */
      readonly kind: 'workload-identity';
      readonly tenantId: string;
      readonly clientId: string;
      readonly tokenFile: string;
      readonly authority?: string | undefined;
    }
  | {
      /** The identity of the machine we run on. Only for the installation: whoever else could name it would be the installation. */
      readonly kind: 'managed-identity';
      /** Of a user-assigned identity. */
      readonly clientId?: string | undefined;
      /** App Service and Container Apps say where to ask, and with which header; elsewhere the machine's own metadata address is asked. */
      readonly endpoint?: { readonly url: string; readonly header: string } | undefined;
    };

/**
 * The installation's own credential by the variables that Microsoft's SDKs read: a client secret, a federated token file, or else the
 * managed identity of the machine.
 *
 * @param environment - `process.env`, handed in by whoever may read it
 */
export function azureCredentialFrom(environment: Readonly<Record<string, string | undefined>>): AzureCredential {
  const {
    AZURE_TENANT_ID: tenantId,
    AZURE_CLIENT_ID: clientId,
    AZURE_CLIENT_SECRET: clientSecret,
    AZURE_FEDERATED_TOKEN_FILE: tokenFile,
    AZURE_AUTHORITY_HOST: authorityHost,
    IDENTITY_ENDPOINT: url,
    IDENTITY_HEADER: header,
  } = environment;
  const authority = authorityHost?.replace(/\/+$/, '');
  if (tenantId && clientId && clientSecret) return { kind: 'client-secret', tenantId, clientId, clientSecret, authority };
  if (tenantId && clientId && tokenFile) return { kind: 'workload-identity', tenantId, clientId, tokenFile, authority };
  return {
    kind: 'managed-identity',
    ...(clientId ? { clientId } : {}),
    ...(url && header ? { endpoint: { url, header } } : {}),
  };
}
