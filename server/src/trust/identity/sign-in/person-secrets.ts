import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

/** What is kept of people's secrets is useless without the installation's own: sealed, or hashed with a key. */
export interface PersonSecrets {
  /** A keyed SHA-256 of these parts, base64url. Different purposes never give the same. */
  mac(purpose: string, ...parts: readonly string[]): string;
  /** AES-256-GCM. `about` is bound in: the text opens for nobody else. */
  seal(text: string, about: string): string;
  /** Null for what was sealed with another secret, for somebody else, or not at all. */
  open(sealed: string, about: string): string | null;
}

/** @param secret - the installation's session secret, from which every key here is derived (HKDF-SHA-256). */
export function createPersonSecrets(secret: string): PersonSecrets {
  const keyFor = (purpose: string) => Buffer.from(hkdfSync('sha256', secret, '', `factotum/${purpose}`, 32));
  const macKey = keyFor('person-mac');
  const sealKey = keyFor('person-seal');
  return {
    mac: (purpose, ...parts) =>
      createHmac('sha256', macKey)
        .update(JSON.stringify([purpose, ...parts]))
        .digest('base64url'),
    seal: (text, about) => {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', sealKey, iv).setAAD(Buffer.from(about));
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return `v1.${Buffer.concat([iv, sealed, cipher.getAuthTag()]).toString('base64url')}`;
    },
    open: (sealed, about) => {
      const bytes = Buffer.from(sealed.startsWith('v1.') ? sealed.slice(3) : '', 'base64url');
      if (bytes.length < ivBytes + tagBytes) return null;
      const decipher = createDecipheriv('aes-256-gcm', sealKey, bytes.subarray(0, ivBytes), { authTagLength: tagBytes });
      decipher.setAAD(Buffer.from(about)).setAuthTag(bytes.subarray(-tagBytes));
      try {
        return decipher.update(bytes.subarray(ivBytes, -tagBytes), undefined, 'utf8') + decipher.final('utf8');
      } catch {
        // The tag does not fit: for the caller that is the same as no secret.
        return null;
      }
    },
  };
}

const ivBytes = 12;
const tagBytes = 16;
