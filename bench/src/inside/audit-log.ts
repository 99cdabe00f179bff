import { once } from 'node:events';
import { createAccessLog, createSequencer, verifyTenantLog } from '../../../server/src/trust/audit/index.ts';
import { provisionTenant } from '../../../server/src/trust/tenant/index.ts';
import { openParts } from './parts.ts';

/** What is asked of this program, and what it answers. */
export interface AuditTask {
  readonly dataFolder: string;
  readonly appendMs: number;
}
export interface AuditFigures {
  readonly appended: number;
  readonly appendSeconds: number;
  readonly verified: number;
  readonly verifySeconds: number;
  readonly holds: boolean;
}

const tenantCount = 10;
/** Callers that each wait until their entry is durable before they write the next. */
const callers = 1_000;

const [message] = await once(process, 'message');
// Only our own parent talks to this process.
const task = message as AuditTask;
const figures = await measure(task);
process.send?.(figures, () => process.exit(0));

async function measure({ dataFolder, appendMs }: AuditTask): Promise<AuditFigures> {
  const parts = await openParts(dataFolder);
  const { database, keyring, auditor, clock, log } = parts;
  const sequencer = createSequencer({ database, keyring, clock, log });
  const accessLog = createAccessLog({ database, log });
  const tenants = await Promise.all(
    Array.from({ length: tenantCount }, (_, at) =>
      provisionTenant({ db: database.app.db, keyring, auditor, clock }, { name: `audit-${at}`, actor: 'operator:bench' }),
    ),
  );
  await sequencer.start();
  await sequencer.drained();

  let appended = 0;
  const startedAt = performance.now();
  const caller = async (at: number) => {
    const tenant = tenants[at % tenants.length];
    while (tenant !== undefined && performance.now() - startedAt < appendMs) {
      await accessLog.append(tenant.id, {
        kind: 'access.read',
        actor: 'key:key_000000000000000000000000',
        at: clock.now(),
        objectId: 'tsk_000000000000000000000000',
        taskId: 'tsk_000000000000000000000000',
        detail: { request: 'req_000000000000000000000000' },
      });
      appended += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, at) => caller(at)));
  // An entry counts once it is numbered, chained, authenticated, in the tree and signed for.
  await sequencer.drained();
  const appendSeconds = (performance.now() - startedAt) / 1_000;
  await sequencer.stop();

  const verifyAt = performance.now();
  let verified = 0;
  let holds = true;
  for (const { id } of tenants) {
    const report = await verifyTenantLog(database, keyring, id, { auditorKey: auditor });
    verified += report.entries;
    holds &&= report.holds && report.macsChecked === 'all';
  }
  const verifySeconds = (performance.now() - verifyAt) / 1_000;
  await parts.close();
  return { appended, appendSeconds, verified, verifySeconds, holds };
}
