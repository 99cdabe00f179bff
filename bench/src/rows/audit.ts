import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bench, makeFolder } from '../bench.ts';
import type { AuditFigures, AuditTask } from '../inside/audit-log.ts';
import { runInside } from '../inside/process.ts';
import type { Row } from '../row.ts';

/** Both figures of one log: what was appended is then verified. */
const measureOnce = (bench: Bench) =>
  bench.once('audit', async () => {
    const folder = await makeFolder();
    try {
      const task: AuditTask = { dataFolder: join(folder, 'data'), appendMs: bench.seconds * 1_000 };
      // The program answers with nothing else.
      return (await runInside('audit-log', task)) as AuditFigures;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

export const auditRows: readonly Row[] = [
  {
    row: 'audit_append_per_s',
    unit: 'entries/s',
    budget: { atLeast: 5_000 },
    about: 'entries that callers wait for, group-committed, until they are numbered, chained, authenticated and signed; 10 tenants',
    async measure(bench) {
      const { appended, appendSeconds, holds } = await measureOnce(bench);
      return { value: holds ? appended / appendSeconds : Number.NaN, detail: { appended, seconds: appendSeconds, holds } };
    },
  },
  {
    row: 'audit_verify_per_s',
    unit: 'entries/s',
    budget: { atLeast: 40_000 },
    about: 'entries read from the database and proved: place, chain, tree, authentication, checkpoint',
    async measure(bench) {
      const { verified, verifySeconds, holds } = await measureOnce(bench);
      return { value: holds ? verified / verifySeconds : Number.NaN, detail: { verified, seconds: verifySeconds, holds } };
    },
  },
];
