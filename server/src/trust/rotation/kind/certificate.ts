import { createPrivateKey, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { FactotumError } from '#kernel';
import { registerSecret } from '#kernel/redact';
import type { Certificates } from '#trust/certificate';
import { type RotationKind, readJsonValue } from '../kind.ts';

/** What such a secret holds, as JSON. The parts that are made (PEM) are missing before the first rotation. */
const valueSchema = z.strictObject({
  name: z.string().min(1),
  dnsNames: z.array(z.string()).default([]),
  days: z.int().min(1).max(365).default(30),
  certificate: z.string().optional(),
  privateKey: z.string().optional(),
  authorities: z.string().optional(),
});
type Value = z.infer<typeof valueSchema>;

/** A certificate of the internal authority, for a server of the operator's own. */
export function certificateKind(certificates: Pick<Certificates, 'issue' | 'revoke'>): RotationKind {
  return {
    kind: 'certificate',
    makesValues: true,
    // Names of the installation are for its operator to give.
    forTenants: false,
    async create({ old }) {
      const { name, dnsNames, days } = read(old);
      const { certPem, keyPem, caPem } = await certificates.issue({ name, dnsNames, days, actor: 'system:rotation' });
      registerSecret(keyPem);
      return JSON.stringify({ name, dnsNames, days, certificate: certPem, privateKey: keyPem, authorities: caPem } satisfies Value);
    },
    async test({ now }, value) {
      const { certificate = '', privateKey = '' } = read(value);
      const made = new X509Certificate(certificate);
      if (!made.checkPrivateKey(createPrivateKey(privateKey)) || made.validToDate <= now) throw unusable('What was issued does not fit.');
    },
    async revoke(_rotation, value) {
      const { certificate } = read(value);
      if (certificate !== undefined)
        await certificates.revoke(new X509Certificate(certificate).serialNumber.toLowerCase(), 'system:rotation');
    },
  };
}

const read = (value: string): Value =>
  readJsonValue(value, valueSchema, () => unusable('Its value is JSON like {"name": "crm", "dnsNames": ["crm.internal"], "days": 30}.'));

const unusable = (what: string) => new FactotumError('certificate.invalid', `The certificate cannot be rotated. ${what}`);
