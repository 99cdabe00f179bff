import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { ask, askStream } from '../api.ts';
import type { Command } from '../command.ts';
import { list, table } from '../table.ts';
import { tenantsSchema } from './tenant.ts';

const reportSchema = z.looseObject({
  tenant: z.object({ id: z.string(), name: z.string() }),
  ok: z.boolean(),
  entries: z.number(),
  checkpointAt: z.string().nullable(),
  root: z.string().nullable(),
  fault: z.string().optional(),
});

export const auditCommands: readonly Command[] = [
  {
    name: 'audit verify',
    usage: '[--tenant T | --all]',
    about: "Read a tenant's whole audit log and prove that nothing was changed, moved or cut.",
    options: { all: { type: 'boolean' } },
    async run({ given, backend, tenant }) {
      const open = await backend();
      const verify = (of: string) => ask(open, reportSchema, { method: 'POST', path: '/operator/audit/verify', tenant: of });
      if (!given.flag('all')) {
        const report = await verify(await tenant());
        const { ok, entries, checkpointAt, root, fault } = report;
        const text = list({
          tenant: report.tenant.name,
          result: ok ? 'holds' : 'DOES NOT HOLD',
          fault,
          entries,
          'signed at': checkpointAt,
          root,
        });
        return { json: z.json().parse(report), text, exit: ok ? 0 : 1 };
      }
      const { items } = await ask(open, tenantsSchema, { path: '/operator/tenants' });
      const reports: z.infer<typeof reportSchema>[] = [];
      for (const { id } of items) reports.push(await verify(id));
      const rows = reports.map((report) => [
        report.tenant.name,
        report.ok ? 'holds' : 'DOES NOT HOLD',
        report.entries,
        report.checkpointAt,
        report.fault,
      ]);
      return {
        json: z.json().parse(reports),
        text: table(['TENANT', 'RESULT', 'ENTRIES', 'SIGNED AT', 'FAULT'], rows),
        exit: reports.every(({ ok }) => ok) ? 0 : 1,
      };
    },
  },
  {
    name: 'audit export',
    usage: 'FILE [--tenant T]',
    about: "Write a tenant's audit log into a file that anybody can verify with packages/tlog, without a server.",
    operands: ['FILE'],
    async run({ given, backend, tenant, say }) {
      const file = given.operand('FILE');
      const lines = await askStream(await backend(), { path: '/operator/audit/export', tenant: await tenant() });
      let bytes = 0;
      let lineCount = 0;
      const counted = async function* () {
        for await (const piece of lines) {
          bytes += piece.byteLength;
          for (const byte of piece) if (byte === newline) lineCount += 1;
          yield piece;
        }
      };
      await pipeline(counted, createWriteStream(file, { mode: 0o600 }));
      // The first line is the heading.
      const entries = Math.max(lineCount - 1, 0);
      say(`To verify it: node packages/tlog/src/verify-command.ts ${file}`);
      return { json: { file, entries, bytes }, text: list({ file, entries, bytes }) };
    },
  },
];

const newline = 10;
