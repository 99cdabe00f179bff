import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import type { Clock, Id } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import type { Keyring } from '#trust/key';
import { createGrant } from '#trust/policy';
import { writeNote } from '#trust/vault';

/** The demo's notes and mails lie beside the sources as plain files, so that anybody can read and change them. */
const demoFolder = fileURLToPath(new URL('../../../demo', import.meta.url));

/**
 * Fills a new tenant with the demo: handbook, contacts, a purchase, playbooks, one standing permission. The notes are the owner's, as
 * if written by hand.
 */
export async function installDemo(
  deps: { database: Database; keyring: Keyring; clock: Clock },
  demo: { tenantId: Id<'tenant'>; ownerActor: string },
): Promise<void> {
  const keys = await deps.keyring.of(demo.tenantId);
  const notes = await readTree(join(demoFolder, 'vault'), '');
  await withTenant(deps.database.app.db, demo.tenantId, async (tx) => {
    const at = deps.clock.now();
    const written = [];
    for (const { path, content } of notes)
      written.push(await writeNote(tx, keys, { path, content, author: demo.ownerActor, trusted: true, at }));
    const grant = await createGrant(tx, keys, demo.tenantId, {
      grant: { tool: 'calendar.hold', args: { start: '$extract.start' }, source: { playbook: 'Hold appointments' }, perDay: 20 },
      actor: demo.ownerActor,
      at,
    });
    // So that all of it is marked, and can be taken out again.
    await sql`insert into app.demo (tenant_id, event_macs, note_ids, note_versions, grant_ids, created_at) values (${demo.tenantId}, '{}',
      ${written.map(({ noteId }) => noteId)}, ${written.map(({ version }) => version)}, ${[grant.id]}, ${at})`.execute(tx);
  });
}

interface DemoMail {
  readonly name: string;
  readonly bytes: Buffer;
}

/** The five sample mails as of today. */
export async function readDemoMails(clock: Clock): Promise<DemoMail[]> {
  const mails: DemoMail[] = [];
  for (const name of (await readdir(join(demoFolder, 'mail'))).sort()) {
    const mail = fill(await readFile(join(demoFolder, 'mail', name), 'utf8'), clock.now());
    mails.push({ name, bytes: Buffer.from(mail.replace(/\r?\n/g, '\r\n')) });
  }
  return mails;
}

/** Writes down by what these mails will be known when they come in, which is possible only before anything has. */
export async function announceDemoMails(
  deps: { readonly database: Database; readonly keyring: Keyring },
  tenantId: Id<'tenant'>,
  mails: readonly DemoMail[],
): Promise<void> {
  const keys = await deps.keyring.of(tenantId);
  const macs = mails.map(({ bytes }) => keys.mac('event.external', 'mail', `sha256:${createHash('sha256').update(bytes).digest('hex')}`));
  await withTenant(deps.database.app.db, tenantId, (tx) =>
    sql`update app.demo set event_macs = ${macs} where tenant_id = ${tenantId}`.execute(tx),
  );
}

/** Drops the sample mails into the tenant's watched folder, each whole or not at all. */
export async function dropDemoMails(folder: string, mails: readonly DemoMail[]): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const { name, bytes } of mails) {
    const temporary = join(folder, `.${name}.part`);
    await writeFile(temporary, bytes, { mode: 0o600 });
    await rename(temporary, join(folder, name));
  }
}

/** The samples speak of days near today: `{{rfc5322 -1}}` is yesterday as a mail header has it, `{{day 16}}` the day in sixteen days in words. */
function fill(mail: string, now: Date): string {
  const day = (offset: string) => new Date(now.getTime() + Number(offset) * 86_400_000);
  return mail
    .replace(/\{\{rfc5322 (-?\d+)\}\}/g, (_, offset: string) => day(offset).toUTCString().replace('GMT', '+0000'))
    .replace(/\{\{day (-?\d+)\}\}/g, (_, offset: string) =>
      new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' }).format(day(offset)),
    );
}

async function readTree(folder: string, prefix: string): Promise<{ path: string; content: string }[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true });
  const found: { path: string; content: string }[] = [];
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) found.push(...(await readTree(folder, path)));
    else found.push({ path, content: await readFile(join(folder, path), 'utf8') });
  }
  return found;
}
