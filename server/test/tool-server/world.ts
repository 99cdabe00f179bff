import assert from 'node:assert/strict';
import type { Id } from '#kernel';
import { type TestCustomer, type TestHttp, testHttp } from '../http.ts';
import { eventually } from '../platform.ts';

/** A tool as the API shows it, as far as tests look at it. */
export interface ShownTool {
  readonly tool: string;
  readonly state: string;
  readonly pin: string | null;
  readonly offered: { readonly annotations: Record<string, unknown>; readonly description: string | null } | null;
  readonly manifest: { readonly effect: string; readonly args: Record<string, { readonly role: string; readonly slot: string }> } & Record<
    string,
    unknown
  >;
  readonly differences: readonly { readonly place: string; readonly before: unknown; readonly after: unknown }[];
  readonly unusable: string | null;
}
type Looked =
  | { ok: true; offered: number; proposed: string[]; quarantined: string[] }
  | { ok: false; fault: { code: string; message: string } };
interface ShownTask {
  readonly state: string;
  readonly waitReason: string | null;
  readonly outcome: string | null;
  readonly note: string | null;
  readonly question: string | null;
  readonly steps: readonly {
    id: string;
    state: string;
    result: Record<string, unknown> | null;
    error: { code: string; message: string } | null;
  }[];
  readonly approvals: readonly { id: string; state: string; payloadHash: string; headline: string }[];
}

/** A tenant that plugs servers in and uses their tools, by the API alone. */
export async function toolWorld(environment: Readonly<Record<string, string>> = {}) {
  const world = await testHttp({ environment });
  await world.platform.identity.start();
  await world.platform.startWorker();
  return { ...world, buildUser: async () => toolUser(world, await world.buildCustomer()) };
}

/** Adds what is always the same. */
function toolUser(world: TestHttp, customer: TestCustomer) {
  const { send } = world;
  let cookie: string | undefined;
  const session = async () => (cookie ??= await customer.signIn());
  async function ask<T>(line: Parameters<typeof send>[0], json?: unknown): Promise<T> {
    const response = await send(line, { cookie: await session(), ...(json === undefined ? {} : { json }) });
    const text = await response.text();
    assert.ok(response.status < 300, `${line} was answered ${response.status}: ${text}`);
    return (text === '' ? null : JSON.parse(text)) as T; // Each caller names what the route declares.
  }
  const user = {
    tenantId: customer.tenantId as Id<'tenant'>,
    customer,
    ask,
    plug: (slug: string, endpoint: unknown) =>
      ask<{ id: string; version: number }>('POST /api/v1/tool-servers', { slug, title: `Server ${slug}`, endpoint }).then(({ id }) => id),
    look: (id: string) => ask<Looked>(`POST /api/v1/tool-servers/${id}/look`),
    tools: (id: string) => ask<{ items: ShownTool[] }>(`GET /api/v1/tool-servers/${id}/tools`).then(({ items }) => items),
    async tool(id: string, name: string): Promise<ShownTool> {
      const found = (await user.tools(id)).find(({ tool }) => tool.endsWith(`.${name}`));
      assert.ok(found, `there is a tool ${name}`);
      return found;
    },
    /** Confirms a tool as it is proposed, but for what is given. */
    async confirm(id: string, name: string, manifest: Record<string, unknown> = {}): Promise<void> {
      const found = await user.tool(id, name);
      const said = { pin: found.pin, manifest: { ...found.manifest, ...manifest } };
      await ask(`POST /api/v1/tool-servers/${id}/tools/${found.tool}/confirmation`, said);
    },
    /** A playbook of one step. */
    async playbook(kind: string, tool: string, args: Record<string, unknown>): Promise<void> {
      const text = `---\ntitle: ${kind}\nwhen: { source: test, kind: ${kind} }\nsteps:\n  - { id: only, tool: ${tool}, args: ${JSON.stringify(args)} }\n---\n`;
      const headers = { 'content-type': 'text/markdown' };
      const written = await send(`PUT /api/v1/vault/notes/Playbooks%2F${kind}.md`, { cookie: await session(), body: text, headers });
      assert.ok(written.status < 300, await written.text());
    },
    async event(kind: string, payload: Record<string, unknown>): Promise<string> {
      const json = { source: 'test', kind, externalId: crypto.randomUUID(), payload };
      return (await ask<{ taskId: string }>('POST /api/v1/events', json)).taskId;
    },
    task: (id: string) => ask<ShownTask>(`GET /api/v1/tasks/${id}`),
    until: (id: string, ...states: string[]) =>
      eventually(
        async () => {
          const task = await user.task(id);
          return states.includes(task.state) ? task : undefined;
        },
        () => `the task did not become ${states.join(' or ')}`,
      ),
    async accept(task: ShownTask): Promise<void> {
      const approval = task.approvals.find(({ state }) => state === 'waiting');
      assert.ok(approval, 'somebody is asked');
      await ask(`POST /api/v1/approvals/${approval.id}/decision`, { decision: 'accept', payloadHash: approval.payloadHash });
    },
    /** Sends an event, has what is asked accepted, and gives the task at its end. */
    async run(kind: string, payload: Record<string, unknown>): Promise<ShownTask> {
      const id = await user.event(kind, payload);
      const asked = await user.until(id, 'waiting', 'done', 'failed');
      if (asked.state === 'waiting' && asked.approvals.some(({ state }) => state === 'waiting')) await user.accept(asked);
      else return asked;
      return eventually(async () => {
        const task = await user.task(id);
        const isOver = task.state === 'done' || task.state === 'failed' || task.waitReason === 'unknown' || task.waitReason === 'question';
        return isOver ? task : undefined;
      });
    },
  };
  return user;
}
