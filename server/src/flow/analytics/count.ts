import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { logSize, type WorkEntry, workEntries } from '#trust/audit';
import { readTenant } from '#trust/tenant';
import { dayIn, edition, type Part, partsOf } from './parts.ts';
import {
  type Change,
  type CountedTask,
  changeFigures,
  clearFigures,
  findState,
  saveCounted,
  saveState,
  selectCounted,
  selectWork,
  takeState,
} from './store.ts';

/** How far the figures go. */
export interface Counted {
  /** When the last entry was counted; null before the first. */
  readonly at: Date | null;
  /** Whether everything in the log is counted, by the tenant's present time zone. */
  readonly isComplete: boolean;
  /** How much of the log is counted, from 0 to 1. */
  readonly share: number;
}

/** How far the figures go, as one transaction sees it. */
export async function readCounted(tx: Tx, tenantId: Id<'tenant'>, zone: string): Promise<Counted> {
  const state = await findState(tx, tenantId);
  const size = await logSize(tx, tenantId);
  if (state === undefined || state.zone !== zone || state.edition !== edition) return { at: null, isComplete: size === 0, share: 0 };
  return { at: state.countedAt, isComplete: state.nextSeq >= size, share: size === 0 ? 1 : Math.min(1, state.nextSeq / size) };
}

/**
 * Counts what the log has had since the last time, up to `limit` entries, in the caller's transaction. The log says which tasks have
 * changed; what each has added before is taken off, and what it adds now is put on. So it does not matter how often an entry is read, how late a
 * change comes, or what a task had been before.
 *
 * @returns `more` when there may be more to count; `busy` when somebody else counts for this tenant now.
 * @throws FactotumError `tenant.not_found`.
 */
export async function countOnce(
  tx: Tx,
  tenantId: Id<'tenant'>,
  { now, limit }: { now: Date; limit: number },
): Promise<'done' | 'more' | 'busy'> {
  const zone = (await readTenant(tx, tenantId)).settings.timeZone;
  const counted = await readCounted(tx, tenantId, zone);
  if (counted.at !== null && counted.isComplete) return 'done';
  let state = await takeState(tx, tenantId, { zone, edition, now });
  if (state === undefined) return 'busy';
  if (state.zone !== zone || state.edition !== edition) {
    await clearFigures(tx, tenantId);
    state = { ...state, zone, edition, nextSeq: 0 };
  }
  const entries = await workEntries(tx, tenantId, { from: state.nextSeq, limit });
  const last = entries.at(-1);
  if (last !== undefined) await countTasks(tx, tenantId, { entries, dayOf: dayIn(zone) });
  await saveState(tx, tenantId, { ...state, nextSeq: last === undefined ? state.nextSeq : last.seq + 1, countedAt: now });
  return entries.length < limit ? 'done' : 'more';
}

async function countTasks(
  tx: Tx,
  tenantId: Id<'tenant'>,
  { entries, dayOf }: { entries: readonly WorkEntry[]; dayOf: (at: Date) => string },
): Promise<void> {
  const entriesOf = new Map<string, WorkEntry[]>();
  for (const entry of entries) {
    if (entry.taskId === null) continue;
    const own = entriesOf.get(entry.taskId);
    if (own === undefined) entriesOf.set(entry.taskId, [entry]);
    else own.push(entry);
  }
  const taskIds = [...entriesOf.keys()];
  if (taskIds.length === 0) return;
  const before = new Map((await selectCounted(tx, tenantId, taskIds)).map((task) => [task.taskId, task]));
  const works = await selectWork(tx, tenantId, taskIds);
  const after: CountedTask[] = [];
  const changes = new Map<string, Change>();
  for (const taskId of taskIds) {
    const was = before.get(taskId);
    const known = { failedAt: was?.failedAt ?? null, isHelped: was?.isHelped ?? false };
    const said = (entriesOf.get(taskId) ?? []).reduce(takeEntry, known);
    const work = works.get(taskId);
    const parts = work === undefined ? [] : partsOf({ ...work, ...said }, dayOf);
    // What it says is what we have written ourselves.
    for (const part of was === undefined ? [] : (JSON.parse(was.parts) as Part[])) addTo(changes, part, -1);
    for (const part of parts) addTo(changes, part, 1);
    after.push({ taskId, ...said, parts: JSON.stringify(parts) });
  }
  await saveCounted(tx, tenantId, after);
  const real = [...changes.values()].filter(({ n, amount }) => n !== 0 || amount !== 0);
  if (real.length > 0) await changeFigures(tx, tenantId, real);
}

type Said = Pick<CountedTask, 'failedAt' | 'isHelped'>;

/** A task that failed has no time of its end in its row; and only the log knows whether somebody put their hand to it. */
function takeEntry({ failedAt, isHelped }: Said, { kind, at, actor }: WorkEntry): Said {
  const byPerson = kind.startsWith('task.') && kind !== 'task.created' && actor !== null && !actor.startsWith('system:');
  return { failedAt: kind === 'task.failed' ? at : failedAt, isHelped: isHelped || byPerson };
}

function addTo(changes: Map<string, Change>, [measure, day, a, b, c, bin, amount]: Part, sign: 1 | -1): void {
  const key = JSON.stringify([measure, day, a, b, c, bin]);
  const known = changes.get(key);
  changes.set(key, { measure, day, a, b, c, bin, n: (known?.n ?? 0) + sign, amount: (known?.amount ?? 0) + sign * amount });
}
