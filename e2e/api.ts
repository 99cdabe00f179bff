import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Task, TaskSummary } from '../server/src/surface/http/schema.ts';
import { command, type RunningServer, type ServerOptions } from './server.ts';

type Approval = Task['approvals'][number];
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // What came; a test names the members that it looks at.
  readonly body: Readonly<Record<string, unknown>>;
}

/** The API as a program with a key uses it. */
export interface Api {
  readonly key: string;
  call(line: `${'GET' | 'POST' | 'DELETE'} /${string}`, json?: unknown): Promise<Answer>;
  /** Sends a raw mail in. */
  sendMail(mail: string): Promise<string>;
  /** Writes a note, over what is there if need be. */
  writeNote(path: string, content: string): Promise<void>;
  task(id: string): Promise<Task>;
  /** All tasks of the tenant. */
  tasks(): Promise<TaskSummary[]>;
  /** The task once it is as wanted. Fails with what it is instead. */
  taskWhen(id: string, isReached: (task: Task) => boolean | Promise<boolean>, withinMs?: number): Promise<Task>;
  /** Accepts what is asked, exactly as it was shown. */
  approve(approval: Approval): Promise<Answer>;
  /** Accepts whatever a task asks until it is done. */
  approveUntilDone(taskId: string): Promise<Task>;
}

const everything = [
  'event:write',
  'task:read',
  'task:write',
  'approval:read',
  'approval:decide',
  'vault:read',
  'vault:write',
  'audit:read',
];

/** Makes a key for a tenant, by command, and gives the API as whoever has it sees it. */
export async function openApi(server: RunningServer & Pick<ServerOptions, 'environment'>, tenant: string): Promise<Api> {
  const permissions = everything.flatMap((permission) => ['--permission', permission]);
  // The command prints the new key under this name.
  const made = (await command(server, 'apikey', 'create', '--tenant', tenant, '--name', 'test', ...permissions)) as { key: string };
  return apiWith(server.origin, made.key);
}

/** The API at an address, with a key that was made somewhere. */
export function apiWith(origin: string, key: string): Api {
  const send = async (line: string, sent: { body?: string; headers?: Readonly<Record<string, string>> } = {}): Promise<Answer> => {
    const [method = '', path = ''] = line.split(' ');
    const response = await fetch(new URL(path, origin), {
      method,
      headers: { authorization: `Bearer ${key}`, ...sent.headers },
      ...(sent.body === undefined ? {} : { body: sent.body }),
      signal: AbortSignal.timeout(60_000),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: isJson(response) ? JSON.parse(text) : {} };
  };
  const call: Api['call'] = (line, json) =>
    send(line, json === undefined ? {} : { body: JSON.stringify(json), headers: { 'content-type': 'application/json' } });
  const good = async (answer: Promise<Answer>) => {
    const { status, body } = await answer;
    assert.ok(status < 300, JSON.stringify(body));
    return body;
  };
  // The server's own schemas say what it answers; server/test/conform.ts holds it to them.
  const task = async (id: string) => (await good(call(`GET /api/v1/tasks/${id}`))) as unknown as Task;
  const taskWhen: Api['taskWhen'] = async (id, isReached, withinMs = 60_000) => {
    let found = await task(id);
    await until(
      async () => {
        found = await task(id);
        return isReached(found);
      },
      withinMs,
      () => JSON.stringify({ ...found, event: undefined, timeline: found.timeline.map(({ text }) => text) }, null, 1),
    );
    return found;
  };
  const approve: Api['approve'] = ({ id, payloadHash }) =>
    call(`POST /api/v1/approvals/${id}/decision`, { decision: 'accept', payloadHash });
  return {
    key,
    call,
    async sendMail(mail) {
      const { taskId } = await good(send('POST /api/v1/events/mail', { body: mail, headers: { 'content-type': 'message/rfc822' } }));
      return String(taskId);
    },
    async writeNote(path, content) {
      const line = `/api/v1/vault/notes/${path.split('/').map(encodeURIComponent).join('/')}`;
      const etag = (await send(`GET ${line}`)).headers.get('etag');
      const condition = etag === null ? { 'if-none-match': '*' } : { 'if-match': etag };
      await good(send(`PUT ${line}`, { body: content, headers: { 'content-type': 'text/markdown', ...condition } }));
    },
    task,
    async tasks() {
      const all: TaskSummary[] = [];
      for (let cursor: unknown = ''; cursor !== null; ) {
        const page = await good(call(`GET /api/v1/tasks?limit=200${cursor === '' ? '' : `&cursor=${encodeURIComponent(String(cursor))}`}`));
        // As above.
        all.push(...(page.items as TaskSummary[]));
        cursor = page.nextCursor;
      }
      return all;
    },
    taskWhen,
    approve,
    approveUntilDone: (id) =>
      taskWhen(id, async ({ state, approvals }) => {
        for (const asked of approvals) if (asked.state === 'waiting') assert.equal((await approve(asked)).status, 200);
        return state === 'done';
      }),
  };
}

const isJson = (response: Response): boolean => /^application\/(?:problem\+)?json/.test(response.headers.get('content-type') ?? '');

/** Waits until something is so; fails with what is there instead. */
export async function until(isSo: () => Promise<boolean>, withinMs = 60_000, found: () => string = () => ''): Promise<void> {
  for (const deadline = performance.now() + withinMs; !(await isSo()); ) {
    assert.ok(performance.now() < deadline, `not reached within ${withinMs} ms: ${found()}`);
    await sleep(50);
  }
}

/** A mail from a stranger, unlike any other. */
export const mailFrom = (from: string, subject: string, text: string): string =>
  [
    `From: ${from}`,
    'To: office@demo.example',
    `Subject: ${subject}`,
    `Date: ${new Date().toUTCString()}`,
    `Message-ID: <${crypto.randomUUID()}@test.example>`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    '',
    text,
    '',
  ].join('\r\n');
