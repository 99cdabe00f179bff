import { parseDocument } from 'yaml';
import { z } from 'zod';
import { type Keeper, readForTool } from '#flow/action';
import type { Tool } from '#flow/tool';
import { isFactotumError, type JsonObject, jsonObjectSchema } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import type { Keyring } from '#trust/key';
import { findOperation, isProtectedFromTools, moveNote } from '#trust/vault';

interface VaultDeps {
  readonly database: Database;
  readonly keyring: Keyring;
  readonly keeper: Keeper;
}

const path = z.string().min(1).max(1_000);
const readInput = z.strictObject({ path });
const readOutput = z.object({ path: z.string(), content: z.string(), fields: jsonObjectSchema, trusted: z.boolean() });

/** `vault.read`: a note's text and the fields of its front matter, labelled with who wrote it. */
function readTool(deps: VaultDeps): Tool<typeof readInput, typeof readOutput> {
  return {
    manifest: {
      tool: 'vault.read',
      title: 'Read a note',
      effect: 'read',
      risk: 'low',
      args: { path: { role: 'steering', slot: 'path', title: 'Note' } },
      reversible: true,
      visibleOutside: false,
      readsPrivate: true,
      canLookup: false,
      timeoutMs: 5_000,
      headline: (args) => `Read ${String(args.path)}`,
      consequence: 'Nothing is changed.',
    },
    input: readInput,
    output: readOutput,
    async run(context, args) {
      try {
        const { note, label } = await readForTool(deps, context, args.path);
        return {
          kind: 'done',
          result: { path: note.path, content: note.content, fields: frontMatter(note.content), trusted: note.trusted },
          label,
        };
      } catch (error) {
        if (isFactotumError(error, 'vault.not_found'))
          return { kind: 'failed', failure: 'permanent', code: error.code, message: error.message };
        throw error;
      }
    },
  };
}

const writeInput = z.strictObject({ path, content: z.string().max(1_000_000) });
const writeOutput = z.object({ path: z.string(), etag: z.string() });

/** `vault.write`: writes a note, as a version that can be taken back. */
function writeTool({ keeper }: VaultDeps): Tool<typeof writeInput, typeof writeOutput> {
  return {
    manifest: {
      tool: 'vault.write',
      title: 'Write a note',
      effect: 'write',
      risk: 'low',
      args: { path: { role: 'steering', slot: 'path', title: 'Note' }, content: { role: 'content', slot: 'text', title: 'Text' } },
      reversible: true,
      visibleOutside: false,
      readsPrivate: false,
      canLookup: true,
      timeoutMs: 10_000,
      headline: (args) => `Write the note ${String(args.path)}`,
      consequence: 'The note is written in your vault. Earlier versions are kept.',
    },
    input: writeInput,
    output: writeOutput,
    async run(context, args) {
      // The gate says so as well; a tool does not rely on having been asked politely.
      if (isProtectedFromTools(args.path))
        return { kind: 'failed', failure: 'permanent', code: 'vault.protected', message: `${args.path} is written by people only.` };
      const { path: written, etag } = await keeper.keep(context, { path: args.path, content: args.content, file: null });
      return { kind: 'done', result: { path: written, etag } };
    },
    lookup: (context) => keeper.find(context, () => null),
    undo: (context) => keeper.takeBack(context),
  };
}

const moveInput = z.strictObject({ from: path, to: path });
const moveOutput = z.object({ path: z.string(), etag: z.string() });

/** `vault.move`: gives a note another path; its history goes with it. */
function moveTool({ database, keyring, keeper }: VaultDeps): Tool<typeof moveInput, typeof moveOutput> {
  return {
    manifest: {
      tool: 'vault.move',
      title: 'Move a note',
      effect: 'write',
      risk: 'low',
      args: { from: { role: 'steering', slot: 'path', title: 'From' }, to: { role: 'steering', slot: 'path', title: 'To' } },
      reversible: true,
      visibleOutside: false,
      readsPrivate: false,
      canLookup: true,
      timeoutMs: 10_000,
      headline: (args) => `Move ${String(args.from)} to ${String(args.to)}`,
      consequence: 'The note is found at its new place; its history goes with it.',
    },
    input: moveInput,
    output: moveOutput,
    async run(context, args) {
      if (isProtectedFromTools(args.from) || isProtectedFromTools(args.to))
        return { kind: 'failed', failure: 'permanent', code: 'vault.protected', message: 'Notes in this place are moved by people only.' };
      const keys = await keyring.of(context.tenantId);
      const moved = await withTenant(database.app.db, context.tenantId, (tx) =>
        moveNote(tx, keys, {
          from: args.from,
          to: args.to,
          author: 'system:engine',
          taskId: context.taskId,
          trusted: false,
          operationKey: context.key,
          at: context.now,
        }),
      );
      return { kind: 'done', result: { path: moved.path, etag: moved.etag } };
    },
    async lookup(context) {
      const keys = await keyring.of(context.tenantId);
      const found = await withTenant(database.app.db, context.tenantId, (tx) => findOperation(tx, keys, context.key));
      return found === null ? { kind: 'absent' } : { kind: 'done', result: { path: found.path, etag: found.etag } };
    },
    undo: (context) => keeper.takeBack(context),
  };
}

/** The tools of the vault. */
export const vaultTools = (deps: VaultDeps): Tool[] => [readTool(deps), writeTool(deps), moveTool(deps)];

/** The YAML at the head of a note as plain fields; a note without, or with something else there, has none. */
function frontMatter(content: string): JsonObject {
  const head = /^\uFEFF?---\r?\n([\s\S]{0,65536}?)\r?\n---(?:\r?\n|$)/.exec(content)?.[1];
  if (head === undefined) return {};
  const document = parseDocument(head, { schema: 'core' });
  if (document.errors.length > 0) return {};
  const fields = jsonObjectSchema.safeParse(document.toJS({ maxAliasCount: 0 }));
  return fields.success ? fields.data : {};
}
