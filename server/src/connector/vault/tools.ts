import { z } from 'zod';
import { type Keeper, readForTool } from '#flow/action';
import { isGeneratedPath } from '#flow/projection';
import type { Tool } from '#flow/tool';
import { FactotumError, jsonObjectSchema } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import type { KeysOf } from '#trust/key';
import { moveNote, noteFields } from '#trust/vault';

interface VaultDeps {
  readonly database: Database;
  readonly keysOf: KeysOf;
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
      const { note, label } = await readForTool(deps, context, args.path);
      const { content, trusted } = note;
      return { kind: 'done', result: { path: note.path, content, fields: noteFields(content), trusted }, label };
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
      refuseGenerated(args.path);
      return { kind: 'done', result: await keeper.keep(context, { ...args, outbox: null }) };
    },
    lookup: (context) => keeper.find(context, null),
    undo: (context) => keeper.takeBack(context),
  };
}

const moveInput = z.strictObject({ from: path, to: path });
const moveOutput = z.object({ path: z.string(), etag: z.string() });

/** `vault.move`: gives a note another path; its history goes with it. */
function moveTool({ database, keysOf, keeper }: VaultDeps): Tool<typeof moveInput, typeof moveOutput> {
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
      refuseGenerated(args.from);
      refuseGenerated(args.to);
      const keys = await keysOf(context.tenantId);
      const moved = await withTenant(database.app.db, context.tenantId, (tx) => {
        context.signal.throwIfAborted();
        return moveNote(tx, keys, {
          from: args.from,
          to: args.to,
          author: 'system:engine',
          taskId: context.taskId,
          trusted: false,
          operationKey: context.key,
          at: context.now,
        });
      });
      return { kind: 'done', result: { path: moved.path, etag: moved.etag } };
    },
    lookup: (context) => keeper.find(context, null),
    undo: (context) => keeper.takeBack(context),
  };
}

/** The tools of the vault. */
export const vaultTools = (deps: VaultDeps): Tool[] => [readTool(deps), writeTool(deps), moveTool(deps)];

/** What is drawn from rows is no place to write: a note of a task that is not one would lie there. Places for people only the vault knows itself. */
function refuseGenerated(path: string): void {
  if (isGeneratedPath(path))
    throw new FactotumError('vault.generated', `${path} is drawn from tasks and approvals. Choose another folder.`);
}
