/** What happens to tasks, at random: rows and entries as the product writes them, in any order that it allows and some that it does not. */
import { type Id, newId } from '#kernel';
import type { AuditDraft } from '#trust/audit';
import type { openOwner, Random } from './analytics.ts';

interface Setting {
  readonly owner: Pick<Awaited<ReturnType<typeof openOwner>>, 'ask'>;
  readonly record: (tenantId: Id<'tenant'>, ...drafts: readonly Partial<AuditDraft>[]) => Promise<void>;
  readonly tenantId: Id<'tenant'>;
  readonly random: Random;
  /** Most things happen within some days of this instant, many within minutes of a midnight there. */
  readonly around: Date;
}

interface Task {
  readonly id: Id<'task'>;
  plans: number;
  questions: { id: Id<'approval'>; isOpen: boolean }[];
}

const tools = ['mail.send', 'bank.pay', 'vault.write'];
const people = ['user:usr_1', 'user:usr_2', 'key:key_1'];
const dayMs = 86_400_000;

export function historyOf({ owner, record, tenantId, random, around }: Setting) {
  const tasks: Task[] = [];
  const eventId = newId('event');
  let hasEvent = false;

  /** Later than the one before it by nothing, or by up to days; the first near the instant. */
  const near = (): Date => {
    const days = Math.floor(random.next() * 20 - 6) * dayMs;
    return new Date(around.getTime() + days + Math.round((random.next() - 0.5) * (random.next() < 0.5 ? 3_600_000 : 2 * dayMs)));
  };
  const tell = (kind: AuditDraft['kind'], taskId: Id<'task'>, more: Partial<AuditDraft> = {}) =>
    record(tenantId, { kind, taskId, objectId: taskId, ...more });
  const change = (table: string, key: string, id: string, set: Readonly<Record<string, unknown>>) => {
    const names = Object.keys(set);
    const columns = names.map((name, at) => `${name} = $${at + 3}`).join(', ');
    return owner.ask(`update app.${table} set ${columns} where tenant_id = $1 and ${key} = $2`, [tenantId, id, ...Object.values(set)]);
  };

  async function arrive(at: Date, isHistory = false): Promise<Task> {
    if (!hasEvent) {
      await owner.ask(
        `insert into app.event (tenant_id, event_id, source, kind, channel, external_mac, payload_mac, size_bytes, received_at, body)
         values ($1, $2, 'test', 'test', 'http', 'x', 'x', 0, now(), '')`,
        [tenantId, eventId],
      );
      hasEvent = true;
    }
    const task: Task = { id: newId('task'), plans: 0, questions: [] };
    await owner.ask(
      `insert into app.task (tenant_id, task_id, event_id, source, kind, state, outcome, finished_at, created_at, updated_at)
       values ($1, $2, $3, 'test', 'test', $4, $5, $6, $7, $7)`,
      [tenantId, task.id, eventId, isHistory ? 'done' : 'received', isHistory ? 'completed' : null, isHistory ? at : null, at],
    );
    await tell('task.created', task.id, { actor: 'key:key_1' });
    if (!isHistory) tasks.push(task);
    return task;
  }

  async function plan(task: Task): Promise<void> {
    task.plans += 1;
    const byModel = random.next() < 0.5;
    const playbook = byModel ? null : random.pick(['Invoices', 'Orders', '=1+1']);
    await owner.ask(
      `insert into app.plan (tenant_id, task_id, version, planner, playbook, model, tokens_in, tokens_out, cost_micros, body, created_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', $10)`,
      [
        ...[tenantId, task.id, task.plans, byModel ? 'model' : 'playbook', playbook, byModel ? random.pick(['small', 'large']) : null],
        ...(byModel ? [random.below(9_000), random.below(900), random.next() < 0.3 ? null : random.below(90_000)] : [null, null, null]),
        near(),
      ],
    );
    await change('task', 'task_id', task.id, { plan_version: task.plans, playbook, state: 'running', outcome: null, finished_at: null });
    await tell('task.planned', task.id);
  }

  async function ask(task: Task): Promise<void> {
    const id = newId('approval');
    const at = near();
    await owner.ask(
      `insert into app.approval (tenant_id, approval_id, task_id, plan_version, step_id, tool, risk, state, payload_hash, policy_hash, tool_schema_hash,
        policy_ids, body, created_at, expires_at) values ($1, $2, $3, $4, 's', $5, $6, 'waiting', '', '', '', '{}', '', $7, $8)`,
      [tenantId, id, task.id, task.plans, random.pick(tools), random.pick(['low', 'high']), at, new Date(at.getTime() + dayMs)],
    );
    task.questions.push({ id, isOpen: true });
    await tell('approval.requested', task.id, { objectId: id });
  }

  async function answer(task: Task): Promise<void> {
    const question = task.questions.find(({ isOpen }) => isOpen);
    if (question === undefined) return ask(task);
    question.isOpen = false;
    const state = random.pick(['approved', 'approved', 'rejected', 'superseded', 'expired', 'cancelled']);
    const isDecided = state !== 'expired' && (state !== 'cancelled' || random.next() < 0.5);
    const who = isDecided ? { decided_by: random.pick(people), decided_at: near() } : {};
    await change('approval', 'approval_id', question.id, { state, ...who });
    await tell(state === 'expired' ? 'approval.expired' : 'approval.decided', task.id, { objectId: question.id });
  }

  async function takeBack(task: Task): Promise<void> {
    const question = task.questions.find(({ isOpen }) => !isOpen);
    if (question === undefined) return;
    await owner.ask(`update app.approval set state = 'superseded' where tenant_id = $1 and approval_id = $2 and state = 'approved'`, [
      tenantId,
      question.id,
    ]);
    await tell('approval.superseded', task.id, { objectId: question.id });
  }

  async function end(task: Task): Promise<void> {
    if (task.plans === 0) await plan(task);
    const [row] = await owner.ask<{ created: Date }>('select created_at as created from app.task where tenant_id = $1 and task_id = $2', [
      tenantId,
      task.id,
    ]);
    const spanMs = Math.round(10 ** (random.next() * 9));
    await change('task', 'task_id', task.id, {
      state: 'done',
      outcome: random.pick(['completed', 'completed', 'completed', 'partly', 'refused']),
      finished_at: random.next() < 0.2 ? near() : new Date((row?.created ?? around).getTime() + spanMs),
    });
    await tell('task.finished', task.id);
  }

  async function fail(task: Task): Promise<void> {
    await change('task', 'task_id', task.id, { state: 'failed', outcome: null, finished_at: null });
    await tell('task.failed', task.id, { at: near() });
  }

  async function cancel(task: Task): Promise<void> {
    await change('task', 'task_id', task.id, { state: 'cancelled', outcome: null, finished_at: near() });
    await tell('task.cancelled', task.id);
  }

  const resume = (task: Task) => tell('task.resumed', task.id, { actor: random.pick(['user:usr_1', 'system:engine']) });
  const moves = [plan, ask, answer, answer, takeBack, end, end, fail, cancel, resume];

  return {
    arrive,
    /** Lets tasks arrive; one in ten has been there before anybody worked for the tenant. */
    async begin(count: number): Promise<void> {
      for (let number = 0; number < count; number += 1) await arrive(near(), number % 10 === 9);
    },
    /** Lets things happen to tasks, whichever they are and whatever has happened to them. */
    async move(count: number): Promise<void> {
      for (let number = 0; number < count; number += 1) await random.pick(moves)(random.pick(tasks));
    },
  };
}
