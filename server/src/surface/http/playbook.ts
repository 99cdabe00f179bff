import { eventBodySchema } from '#flow/intake';
import { planSchema } from '#flow/plan';
import { checkPlaybook, createPreviews, draftPlaybook, listPlaybooks } from '#flow/playbook';
import { openTaskDetail, selectTask, selectTaskRecord } from '#flow/task';
import type { ToolCatalogue } from '#flow/tool';
import { FactotumError, type Id, jsonObjectSchema } from '#kernel';
import type { Tx } from '#kernel/database';
import { readTenant } from '#trust/tenant';
import { normalisePath, noteFields, readFrontMatter, writeFields } from '#trust/vault';
import { showRead } from './access.ts';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import { selectEvent } from './event-store.ts';
import {
  checkedSchema,
  checkInput,
  draftInput,
  draftSchema,
  playbooksSchema,
  previewInput,
  previewSchema,
  toolsSchema,
} from './playbook-schema.ts';
import type { Call, Routes } from './route.ts';
import { toolsOf } from './tenant-tools.ts';

const tag = 'playbooks';
const folder = 'Playbooks';
/** As many as are planned by. */
const playbooksMax = 200;

/** Writing playbooks: they are notes, so they are read and saved as such; here is what is to know about them before. */
export function addPlaybookRoutes(
  routes: Routes,
  {
    catalogue: own,
    accessLog,
    database,
    keyring,
    vaultTrees,
  }: Pick<HttpDeps, 'catalogue' | 'accessLog' | 'database' | 'keyring' | 'vaultTrees'>,
): void {
  const previews = createPreviews({ app: database.app, keysOf: keyring.of });

  routes.add(
    'vault:read',
    {
      method: 'get',
      path: '/api/v1/playbooks',
      summary: 'List the playbooks by path, with whether and how often each is used',
      tag,
      answers: { 200: playbooksSchema },
    },
    async ({ tenantId, keys, now, inSnapshot }) => {
      const tree = await vaultTrees.of(tenantId, now);
      const notes = tree.below(folder).filter(({ kind, path }) => kind === 'note' && /\.md$/i.test(path));
      const paths = notes.map(({ path }) => path).sort();
      const found = await inSnapshot(async (tx) => {
        const catalogue = await toolsOf(own, tx, keys);
        return listPlaybooks({ tx, keys, catalogue, now }, paths.slice(0, playbooksMax));
      });
      const items = found.map((one) => ({
        ...one,
        updatedAt: one.updatedAt.toISOString(),
        lastUsedAt: one.lastUsedAt?.toISOString() ?? null,
      }));
      return { status: 200, body: { items, nextCursor: null } };
    },
  );

  routes.add(
    'vault:read',
    {
      method: 'get',
      path: '/api/v1/playbooks/tools',
      summary: 'List the tools that steps of a playbook may use, with their arguments',
      tag,
      answers: { 200: toolsSchema },
    },
    async ({ keys, inTenant }) => ({
      status: 200,
      body: { items: toolsIn(await inTenant((tx) => toolsOf(own, tx, keys))), nextCursor: null },
    }),
  );

  routes.add(
    'vault:write',
    {
      method: 'post',
      path: '/api/v1/playbooks/check',
      summary: 'Say what is wrong with a playbook that is being written. Nothing is saved',
      tag,
      body: jsonBody(checkInput, { bytesMax: 512 * 1024 }),
      answers: { 200: checkedSchema },
      errors: ['vault.path_invalid'],
    },
    async ({ keys, inTenant, body }) => {
      const path = normalisePath(body.path);
      const fields = body.fields === undefined ? undefined : jsonObjectSchema.parse(body.fields);
      const content = fields === undefined ? body.text : writeFields(body.text, fields);
      const catalogue = await inTenant((tx) => toolsOf(own, tx, keys));
      const { title, faults } = checkPlaybook({ path, content }, catalogue);
      return {
        status: 200,
        body: { text: content, title, fields: 'value' in readFrontMatter(content) ? noteFields(content) : null, faults: [...faults] },
      };
    },
  );

  routes.add(
    'vault:write',
    {
      method: 'post',
      path: '/api/v1/playbooks/preview',
      summary: 'Say what a playbook would have done with what came in during the last 30 days. Nothing is done',
      tag,
      body: jsonBody(previewInput, { bytesMax: 512 * 1024 }),
      answers: { 200: previewSchema },
      errors: ['auth.forbidden', 'vault.path_invalid', 'server.busy'],
    },
    async (call) => {
      refuseWithoutTasks(call);
      const { tenantId, keys, now, body, request } = call;
      const path = normalisePath(body.path);
      const { catalogue, habits } = await call.inTenant(async (tx) => ({
        catalogue: await toolsOf(own, tx, keys),
        habits: await habitsOf(tx, tenantId),
      }));
      const { faults, playbook } = checkPlaybook({ path, content: body.text }, catalogue);
      if (playbook === null) {
        const nothing = { looked: 0, since: now.toISOString(), ended: 'all' as const, matched: 0, near: 0, unusable: 0, samples: [] };
        return { status: 200, body: { faults: [...faults], ...nothing } };
      }
      const ask = { tenantId, playbook, content: body.text, habits, catalogue, now, signal: request.signal };
      const found = await showRead(accessLog, call, { detail: { what: 'playbook preview' } }, () => previews.preview(ask));
      return {
        status: 200,
        body: {
          ...found,
          faults: [...faults],
          since: found.since.toISOString(),
          samples: found.samples.map((sample) => ({ ...sample, receivedAt: sample.receivedAt.toISOString() })),
        },
      };
    },
  );

  routes.add(
    'vault:write',
    {
      method: 'post',
      path: '/api/v1/playbooks/draft',
      summary: 'Write down the plan of a task as a playbook. Nothing is saved',
      tag,
      body: jsonBody(draftInput, { bytesMax: 4_096 }),
      answers: { 200: draftSchema },
      errors: ['auth.forbidden', 'task.not_found'],
    },
    async (call) => {
      refuseWithoutTasks(call);
      const { tenantId, keys, body, inSnapshot } = call;
      const drafted = await inSnapshot(async (tx) => {
        const task = await selectTask(tx, tenantId, body.taskId);
        const event = task && (await selectEvent(tx, tenantId, task.eventId));
        const plan = task && (await selectTaskRecord(tx, tenantId, task.taskId, task.planVersion)).plan;
        if (task === undefined || event === undefined || plan === undefined)
          throw new FactotumError('task.not_found', 'There is no such task, or it has no plan.');
        const opened = keys.openJson({ kind: 'plan', id: task.taskId, version: plan.version }, plan.body, planSchema);
        const { source, kind } = event;
        const eventBody = keys.openJson({ kind: 'event', id: event.eventId }, event.body, eventBodySchema);
        const draft = draftPlaybook(opened, { source, kind, body: eventBody }, await habitsOf(tx, tenantId));
        return { ...draft, title: openTaskDetail(keys, task)?.title ?? eventBody.title, playbook: task.playbook };
      });
      return showRead(accessLog, call, { objectId: body.taskId }, () => ({
        status: 200 as const,
        body: { ...drafted, remarks: [...drafted.remarks] },
      }));
    },
  );
}

const toolsIn = (catalogue: ToolCatalogue) =>
  catalogue.list().map(({ manifest, input }) => ({
    name: manifest.tool,
    title: manifest.title,
    consequence: manifest.consequence,
    args: Object.entries(manifest.args).map(([name, { title }]) => ({
      ...{ name, title },
      required: input.shape[name]?.safeParse(undefined).success === false,
    })),
  }));

/** What came in is shown, which somebody who writes notes need not be allowed to see. */
function refuseWithoutTasks({ principal }: Pick<Call, 'principal'>): void {
  if (!principal.permissions.has('task:read'))
    throw new FactotumError('auth.forbidden', 'This shows what came in, which needs the permission task:read.', {
      details: { permission: 'task:read' },
    });
}

async function habitsOf(tx: Tx, tenantId: Id<'tenant'>) {
  const { timeZone, locale } = (await readTenant(tx, tenantId)).settings;
  return { timeZone, locale };
}
