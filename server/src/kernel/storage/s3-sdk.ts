import { unavailable } from './storage.ts';

/** What is used of the SDK, which is heavy and which only some installations need. */
export type S3Sdk = typeof import('@aws-sdk/client-s3');

/** The version that the tests run with; server/package.json names the same. */
export const s3SdkVersion = '3.1169.0';

/** @throws FactotumError `storage.unavailable` with the command that installs it. */
export async function loadS3Sdk(): Promise<S3Sdk> {
  try {
    return await import('@aws-sdk/client-s3');
  } catch (cause) {
    throw unavailable(`Storage in S3 needs one more package: npm install --no-save @aws-sdk/client-s3@${s3SdkVersion}`, cause);
  }
}
