import { createHash, randomBytes } from 'node:crypto';

/** 32 random bytes as text that goes into addresses and cookies as it is: 43 characters, also a PKCE verifier (RFC 7636). */
export const randomToken = (): string => randomBytes(32).toString('base64url');

/** The S256 challenge of a verifier. */
export const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url');

/** What is kept of something that travels. */
export const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');
