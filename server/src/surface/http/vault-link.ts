import { z } from 'zod';
import { isGeneratedPath } from '#flow/projection';
import { FactotumError } from '#kernel';
import { candidatesOf, findLinks, linkName, type Places, resolveLink } from '#trust/search';
import { movedNotes, normalisePath, readNote, type VaultTree } from '#trust/vault';
import { showRead } from './access.ts';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';
import { list, named } from './schema.ts';

const linksSchema = named(
  z.object({
    id: z.string().nullable().meta({ description: 'Null for a note that is drawn from records.' }),
    generated: z.boolean().meta({ description: 'Factotum draws it from its records, so nobody writes there.' }),
    trusted: z.boolean(),
    links: list(
      z.object({
        target: z.string().meta({ description: 'As it is written.' }),
        kind: z.enum(['wiki', 'relative']),
        path: z.string().nullable().meta({ description: 'Where it leads; null when nothing is there.' }),
        moved: z.boolean().meta({ description: 'What it names stood there once, and stands at `path` now.' }),
      }),
    ),
    backlinks: list(z.object({ id: z.string(), path: z.string(), title: z.string() })),
  }),
  { id: 'NoteLinks', description: 'Where the links of a note lead, and which notes link to it.' },
);

/** Broken links whose notes are looked for under other names. */
const movedMax = 50;

/** Where notes lead, and what leads to them. */
export function addVaultLinkRoutes(
  routes: Routes,
  { accessLog, vaultSearch, vaultTrees }: Pick<HttpDeps, 'accessLog' | 'vaultSearch' | 'vaultTrees'>,
): void {
  routes.add(
    'vault:read',
    {
      method: 'get',
      path: '/api/v1/vault/links',
      summary: 'Say where the links of the note at a path lead, and which notes link to it',
      tag: 'vault',
      query: z.strictObject({ path: z.string().min(1).max(1_000) }),
      answers: { 200: linksSchema },
      errors: ['vault.not_found', 'vault.path_invalid', 'vault.too_large', 'server.busy'],
    },
    async (call) => {
      const { tenantId, keys, now } = call;
      const path = normalisePath(call.query.path);
      const places = placesOf(await vaultTrees.of(tenantId, now));
      const { note, links } = await call.inTenant(async (tx) => {
        const read = await readNote(tx, keys, path);
        if (read === null && !isGeneratedPath(path)) throw new FactotumError('vault.not_found', `There is no note ${path}.`);
        const written = read === null ? [] : findLinks(read.content).map((link) => ({ ...link, path: resolveLink(link, path, places) }));
        const broken = written.filter((link) => link.path === null).slice(0, movedMax);
        const moved = await movedNotes(tx, keys, [...new Set(broken.flatMap((link) => spellings(candidatesOf(link, path))))]);
        const movedTo = (link: (typeof written)[number]) =>
          spellings(candidatesOf(link, path)).flatMap((one) => moved.get(one) ?? [])[0] ?? null;
        return {
          note: read,
          links: written.map((link) => {
            const newPath = link.path === null ? movedTo(link) : null;
            return { ...link, path: link.path ?? newPath, moved: newPath !== null };
          }),
        };
      });
      const backlinks = await vaultSearch.linking(tenantId, { path, places, at: now });
      const about = { id: note?.noteId ?? null, generated: isGeneratedPath(path), trusted: note?.trusted ?? false, links };
      // Titles are content.
      return showRead(accessLog, call, { detail: { what: 'vault links', notes: backlinks.length } }, () => ({
        status: 200 as const,
        body: { ...about, backlinks: backlinks.map(({ noteId: id, ...one }) => ({ id, ...one })) },
      }));
    },
  );
}

/** What a link may have left out at the end of a path, of those that are paths at all. */
const spellings = (paths: readonly string[]): string[] =>
  paths
    .flatMap((path) => [path, `${path}.md`])
    .flatMap((path) => {
      try {
        return [normalisePath(path)];
      } catch {
        return [];
      }
    });

function placesOf(tree: VaultTree): Places {
  let names: Map<string, string[]> | undefined;
  return {
    at: (path) => tree.near(path)?.path,
    named: (name) => {
      names ??= Map.groupBy(
        tree.below('').map(({ path }) => path),
        linkName,
      );
      return names.get(name) ?? [];
    },
  };
}
