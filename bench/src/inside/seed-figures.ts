import { once } from 'node:events';
import type { Part } from '../../../server/src/flow/analytics/parts.ts';
import { roundSpan } from '../../../server/src/flow/analytics/span.ts';
import { type Change, changeFigures } from '../../../server/src/flow/analytics/store.ts';
import { withTenant } from '../../../server/src/kernel/database/index.ts';
import type { Id } from '../../../server/src/kernel/index.ts';
import { openParts } from './parts.ts';

/** What is asked of this program, and what it answers. */
export interface SeedFigures {
  readonly dataFolder: string;
  readonly tenantId: Id<'tenant'>;
  /** As YYYY-MM-DD. */
  readonly lastDay: string;
  readonly days: number;
  readonly tasksPerDay: number;
}
export interface SeededFigures {
  readonly seconds: number;
}

const tools = Array.from({ length: 8 }, (_, at) => `shop.tool${at}`);
const people = Array.from({ length: 6 }, (_, at) => `user:person${at}`);
const playbooks = Array.from({ length: 5 }, (_, at) => `Playbooks/Usual ${at}.md`);
const dayMs = 86_400_000;

const [message] = await once(process, 'message');
// Only our own parent talks to this process.
const seeded = await seed(message as SeedFigures);
process.send?.(seeded, () => process.exit(0));

/** Adds what so many tasks add to the figures of each day, as counting them does: counting two million would take some minutes. */
async function seed({ dataFolder, tenantId, lastDay, days, tasksPerDay }: SeedFigures): Promise<SeededFigures> {
  const startedAt = performance.now();
  const parts = await openParts(dataFolder);
  const random = randomOf(7);
  for (let back = 0; back < days; back += 1) {
    const day = new Date(Date.parse(`${lastDay}T00:00:00Z`) - back * dayMs).toISOString().slice(0, 10);
    const changes = changesOf(Array.from({ length: tasksPerDay }, (_, number) => partsOf(day, number, random)).flat());
    await withTenant(parts.database.app.db, tenantId, (tx) => changeFigures(tx, tenantId, changes));
  }
  await parts.close();
  return { seconds: (performance.now() - startedAt) / 1_000 };
}

/** One task: planned by a model, every fifth one asks, one of fifty fails. Spans are spread over three decades, as people's are. */
function partsOf(day: string, number: number, random: () => number): Part[] {
  const playbook = pick(playbooks, random);
  const span = (medianMs: number) => roundSpan(medianMs * 10 ** (random() + random() + random() - 1.5));
  const plan = ['model', playbook, number % 10 === 0 ? 'model-large' : 'model-small', 0] as const;
  const parts: Part[] = [
    ['arrived', day, '', '', '', 0, 0],
    ['plan', day, ...plan, 2_000],
    ['tokens_in', day, ...plan, 5_000],
    ['tokens_out', day, ...plan, 400],
  ];
  if (number % 50 === 0) return [...parts, ['ended', day, playbook, '', 'failed', 0, 0]];
  const asks = number % 5 === 1;
  parts.push(
    ['ended', day, playbook, asks ? 'helped' : 'alone', 'completed', 0, 0],
    ['duration', day, '', '', '', span(asks ? 1_800_000 : 9_000), 0],
  );
  if (!asks) return parts;
  const [tool, person, wait] = [pick(tools, random), pick(people, random), span(1_200_000)];
  const answer = random() < 0.8 ? 'approved' : random() < 0.5 ? 'changed' : 'rejected';
  return [
    ...parts,
    ['asked', day, tool, 'medium', '', 0, 0],
    ['answered', day, tool, person, answer, 0, 0],
    ['wait', day, tool, '', '', wait, 0],
    ['wait_of', day, person, '', '', wait, 0],
  ];
}

function changesOf(parts: readonly Part[]): Change[] {
  const groups = Map.groupBy(parts, (part) => part.slice(0, 6).join('\n'));
  return [...groups.values()].flatMap((own) => {
    const [first] = own;
    if (first === undefined) return [];
    const [measure, day, a, b, c, bin] = first;
    return [{ measure, day, a, b, c, bin, n: own.length, amount: own.reduce((sum, part) => sum + part[6], 0) }];
  });
}

/** Numbers from 0 to 1 that look random and are the same each time (a linear congruential generator). */
function randomOf(first: number): () => number {
  let state = first;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

function pick(of: readonly string[], random: () => number): string {
  return of[Math.floor(random() * of.length)] ?? '';
}
