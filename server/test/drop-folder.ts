import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after } from 'node:test';
import { sql } from 'kysely';
import { pino } from 'pino';
import { readDocument } from '#connector/document';
import { createDropFolder, type DropFolder, type DropFolderOptions } from '#connector/files';
import { createFileIntake } from '#flow/file';
import { eventBodySchema, type Intake } from '#flow/intake';
import { type Id, systemClock } from '#kernel';
import { withTenant } from '#kernel/database';
import { eventually, testPlatform } from './platform.ts';

/** Drop folders of a test, over a platform of its own. What they leave behind goes when the tests have ended. */
export async function testDropFolders() {
  const platform = await testPlatform();
  const { database, intake, keyring, vaultFiles } = platform;
  const folders: string[] = [];
  const open: DropFolder[] = [];
  after(async () => {
    for (const folder of open) await folder.stop();
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });

  /** The door for files over another intake. */
  const filesOver = (over: Intake) =>
    createFileIntake({
      app: database.app,
      keysOf: keyring.of,
      intake: over,
      files: vaultFiles,
      readDocumentOf: () => readDocument,
      recognisers: [],
      clock: systemClock,
    });

  /** A drop folder with two tenants, and what becomes of the files in it. */
  async function buildFolder({ over = intake, ...change }: Partial<DropFolderOptions> & { over?: Intake } = {}) {
    // A root that looks like an unfinished file itself is one all the same.
    const root = join(await mkdtemp(join(tmpdir(), 'factotum-drop-')), '.drop.tmp');
    folders.push(join(root, '..'));
    const known = [
      { id: await platform.buildTenant(), name: 'acme' },
      { id: await platform.buildTenant(), name: 'refused' },
    ] as const;
    let logged = '';
    const log = pino(
      new Writable({
        write(line, _encoding, next) {
          logged += String(line);
          next();
        },
      }),
    );
    const folder = createDropFolder({
      root,
      intake: over,
      files: filesOver(over),
      findTenant: async (name) => known.find((tenant) => tenant.name === name.toLowerCase() || tenant.id === name) ?? null,
      listTenants: async () => known,
      log,
      settledMs: 40,
      rescanMs: 60_000,
      ...change,
    });
    open.push(folder);
    const [acme, other] = known;
    await folder.prepare(acme.name);
    await folder.prepare(other.name);
    const at = (...names: string[]) => join(root, ...names);
    const events = async (tenantId: Id<'tenant'> = acme.id) => {
      const keys = await keyring.of(tenantId);
      const { rows } = await withTenant(database.app.db, tenantId, (tx) =>
        sql<{ eventId: string; body: Buffer; tasks: number }>`
          select event_id, body, (select count(*)::int from app.task t where t.event_id = e.event_id) as tasks from app.event e order by event_id`.execute(
          tx,
        ),
      );
      return rows.map(({ eventId, body, tasks }) => ({ tasks, ...keys.openJson({ kind: 'event', id: eventId }, body, eventBodySchema) }));
    };
    return {
      folder,
      at,
      acme,
      other,
      events,
      logged: () => logged,
      titles: async (tenantId?: Id<'tenant'>) => (await events(tenantId)).map(({ title }) => title).sort(),
      /** Visible names in a tenant's folder. */
      left: async (tenant = 'acme') => (await readdir(at(tenant))).sort(),
      /** Drops a file as a careful program does. */
      async drop(name: string, content: string | Uint8Array, tenant = 'acme') {
        await writeFile(at(tenant, `.${name}.part`), content);
        await rename(at(tenant, `.${name}.part`), at(tenant, name));
      },
      gone: (name: string, tenant = 'acme') =>
        eventually(
          async () => ((await readdir(at(tenant)).catch((): string[] => [])).includes(name) ? undefined : true),
          () => `${name} stayed`,
        ),
    };
  }

  return { platform, filesOver, buildFolder };
}

/** A mail as short as can be. */
export const mail = (subject: string, text = 'Hi') => `From: a@example.com\r\nSubject: ${subject}\r\n\r\n${text}\r\n`;
