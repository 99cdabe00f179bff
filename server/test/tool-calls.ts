import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ToolAnswer, ToolCall } from '#flow/tool';
import { canonicalJson, type ErrorCode, type Id, type JsonObject, jsonObjectSchema, newId } from '#kernel';
import { withTenant } from '#kernel/database';
import { readTenant } from '#trust/tenant';
import { type Note, noteHistory, readNote, writeNote } from '#trust/vault';
import type { TestPlatform } from './platform.ts';

/** One tenant's calls of the platform's own tools, through MCP as a worker makes them, and a look at what they leave behind. */
export interface ToolCaller {
  readonly tenantId: Id<'tenant'>;
  call(tool: string, args: JsonObject, change?: Partial<ToolCall>): Promise<ToolAnswer>;
  /** A call that has to be done. @returns its result. */
  done(tool: string, args: JsonObject, change?: Partial<ToolCall>): Promise<JsonObject>;
  /** A call that has to fail. @returns how. */
  refused(tool: string, args: JsonObject, change?: Partial<ToolCall>): Promise<ErrorCode>;
  note(path: string): Promise<Note | null>;
  versions(path: string): Promise<number>;
  /** Writes a note as a member. */
  write(path: string, content: string): Promise<void>;
  /** The files that programs outside see, by name. */
  outbox(folder: string): Promise<Record<string, string>>;
}

/**
 * @param notes - in the tenant's vault, written by a member. The tenant asks for files.
 * @param of - a tenant that there is already, instead of one of its own
 */
export async function buildToolCaller(
  platform: TestPlatform,
  notes: Readonly<Record<string, string>> = {},
  of?: Id<'tenant'>,
): Promise<ToolCaller> {
  const tenantId = of ?? (await platform.buildTenant(notes, { writesFiles: true }));
  const keys = await platform.keyring.of(tenantId);
  const { db } = platform.database.app;
  const taskId = newId('task');
  const note = (path: string) => withTenant(db, tenantId, (tx) => readNote(tx, keys, path));
  let calls = 0;
  const call: ToolCaller['call'] = (tool, args, change = {}) =>
    platform.runTools.host.call({
      tool,
      operation: 'do',
      tenantId,
      taskId,
      key: `${taskId}/1/step${calls++}`,
      argsJson: canonicalJson(args),
      timeoutMs: 20_000,
      signal: new AbortController().signal,
      now: new Date('2026-03-01T10:00:00Z'),
      ...change,
    });
  return {
    tenantId,
    call,
    async done(tool, args, change) {
      const answer = await call(tool, args, change);
      if (answer.kind !== 'done') throw new Error(`${tool} was not done: ${JSON.stringify(answer)}`);
      return jsonObjectSchema.parse(answer.result);
    },
    async refused(tool, args, change) {
      const answer = await call(tool, args, change);
      if (answer.kind !== 'failed') throw new Error(`${tool} was not refused: ${JSON.stringify(answer)}`);
      return answer.code;
    },
    note,
    async versions(path) {
      const found = await note(path);
      return found === null ? 0 : (await withTenant(db, tenantId, (tx) => noteHistory(tx, keys, found.noteId))).length;
    },
    async write(path, content) {
      await withTenant(db, tenantId, (tx) => writeNote(tx, keys, { path, content, author: 'user:usr_1', trusted: true, at: new Date() }));
    },
    async outbox(folder) {
      const { name: tenant } = await withTenant(db, tenantId, (tx) => readTenant(tx, tenantId));
      const parent = join(platform.config.outboxFolder, tenant, folder);
      const names = (await readdir(parent).catch(() => [])).filter((name) => !name.startsWith('.'));
      return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(join(parent, name), 'utf8')] as const)));
    },
  };
}
