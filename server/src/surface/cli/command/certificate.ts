import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ask } from '../api.ts';
import { type Command, UsageError } from '../command.ts';
import { list, table } from '../table.ts';

const statusSchema = z.object({
  trustDomain: z.string(),
  authorities: z.array(
    z.object({ id: z.string(), state: z.string(), createdBy: z.string(), signsFrom: z.string(), trustedUntil: z.string() }),
  ),
  caPem: z.string(),
  issued: z.array(
    z.object({ serial: z.string(), subject: z.string(), issuedBy: z.string(), expiresAt: z.string(), revokedAt: z.string().nullable() }),
  ),
});
const issuedSchema = z.object({
  serial: z.string(),
  subject: z.string(),
  expiresAt: z.string(),
  certPem: z.string(),
  keyPem: z.string(),
  caPem: z.string(),
});

export const certificateCommands: readonly Command[] = [
  {
    name: 'certificate status',
    usage: '',
    about: 'Show the roots of the internal CA, and what it has issued that is still valid.',
    async run({ backend }) {
      const status = await ask(await backend(), statusSchema, { path: '/operator/certificates' });
      const roots = status.authorities.map(({ id, state, signsFrom, trustedUntil }) => [id.slice(0, 16), state, signsFrom, trustedUntil]);
      const leaves = status.issued.map(({ serial, subject, expiresAt, revokedAt }) => [
        serial,
        subject,
        revokedAt === null ? expiresAt : `revoked ${revokedAt}`,
      ]);
      const text = [
        list({ 'trust domain': status.trustDomain }),
        table(['ROOT', 'STATE', 'SIGNS FROM', 'TRUSTED UNTIL'], roots),
        leaves.length === 0 ? 'Nothing that it issued is valid now.' : table(['SERIAL', 'SUBJECT', 'UNTIL'], leaves),
      ];
      return { json: status, text: text.join('\n\n') };
    },
  },
  {
    name: 'certificate rotate',
    usage: '[--after-minutes N] [--end-old]',
    about:
      'Make a new root of the internal CA. Processes trust both and change over by themselves, without a call dropped. --after-minutes puts its first signature off, for servers that are given roots by hand. --end-old refuses all that earlier roots signed at once, which is for a root that somebody may have; calls fail for some seconds.',
    options: { 'after-minutes': { type: 'string' }, 'end-old': { type: 'boolean' } },
    async run({ given, backend }) {
      const afterMinutes = wholeNumber('--after-minutes', given.text('after-minutes') ?? '0');
      const rotated = await ask(await backend(), z.object({ id: z.string(), signsFrom: z.string() }), {
        method: 'POST',
        path: '/operator/certificates/rotation',
        json: { afterMinutes, endOld: given.flag('end-old') },
      });
      return { json: rotated, text: `The root ${rotated.id.slice(0, 16)} is trusted now and signs from ${rotated.signsFrom}.` };
    },
  },
  {
    name: 'certificate issue',
    usage: 'NAME --out DIR [--dns HOST]... [--days N]',
    about:
      'Issue a certificate for a tool server of your own, for 30 days or as --days says (1-90). DIR gets cert.pem, key.pem (mode 0600) and ca.pem; the key is nowhere else.',
    operands: ['NAME'],
    options: { out: { type: 'string' }, dns: { type: 'string', multiple: true }, days: { type: 'string' } },
    async run({ given, backend }) {
      const out = given.text('out');
      if (out === undefined) throw new UsageError('Say where to: factotum certificate issue NAME --out DIR');
      const { certPem, keyPem, caPem, ...issued } = await ask(await backend(), issuedSchema, {
        method: 'POST',
        path: '/operator/certificates',
        json: {
          name: given.operand('NAME'),
          dnsNames: [...given.texts('dns')],
          days: wholeNumber('--days', given.text('days') ?? '30'),
        },
      });
      await mkdir(out, { recursive: true, mode: 0o700 });
      // The key first: a reader that watches for the certificate finds its key there. Each whole under a new name, then renamed into place.
      for (const [name, text, mode] of [
        ['key.pem', keyPem, 0o600],
        ['ca.pem', caPem, 0o644],
        ['cert.pem', certPem, 0o644],
      ] as const) {
        const hidden = join(out, `.${name}.${issued.serial}`);
        await writeFile(hidden, text, { mode, flag: 'wx' });
        await rename(hidden, join(out, name));
      }
      return { json: { ...issued, folder: out }, text: `${issued.subject}\nvalid until ${issued.expiresAt}, in ${out}` };
    },
  },
  {
    name: 'certificate revoke',
    usage: 'SERIAL',
    about: 'Refuse a certificate of the internal CA from now on; every process knows within half a minute.',
    operands: ['SERIAL'],
    async run({ given, backend }) {
      const revoked = await ask(await backend(), z.object({ serial: z.string(), subject: z.string() }), {
        method: 'DELETE',
        path: `/operator/certificates/${encodeURIComponent(given.operand('SERIAL'))}`,
      });
      return { json: revoked, text: `${revoked.serial} of ${revoked.subject} is revoked.` };
    },
  },
];

function wholeNumber(option: string, text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new UsageError(`${option} takes a whole number.`);
  return Number(text);
}
