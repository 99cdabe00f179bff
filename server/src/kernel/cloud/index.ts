/**
 * The door to clouds: how to be somebody at AWS, Azure and Google Cloud, how to call them with time limits through `#kernel/outbound`,
 * and what their refusals mean. Whoever asks turns a CloudFault into an error of its own.
 */
export { type AwsAccessKey, awsAccessKeySchema, awsClientSettings, awsFault } from './aws.ts';
export { type AzureCredential, azureClientSecretSchema, azureCredentialFrom } from './azure-credential.ts';
export { type AzureTokenOptions, type AzureTokens, createAzureTokens } from './azure-token.ts';
export { type AzureVault, type AzureVaultOptions, azureFault, createAzureVault } from './azure-vault.ts';
export { CloudFault, type CloudReason, faultOfStatus } from './cloud-fault.ts';
export { createGoogleTokens, type GoogleTokenOptions, type GoogleTokens, googleServiceAccountSchema } from './google-token.ts';
export { loadOptional } from './optional-package.ts';
export { createRest, type Rest, type RestAnswer, type RestOptions, type RestRequest } from './rest.ts';
