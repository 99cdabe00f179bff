import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { watch } from 'chokidar';
import { type EventInput, eventInputSchema, type Intake, rawBytesMax } from '#flow/intake';
import { errorCatalogue, FactotumError, type Id, isFactotumError, type Logger } from '#kernel';

export interface DropFolderOptions {
  /** The folder set by FACTOTUM_DROP; below it one folder a tenant, named like it. */
  readonly root: string;
  readonly intake: Intake;
  readonly findTenant: (name: string) => Promise<{ id: Id<'tenant'>; name: string } | null>;
  readonly listTenants: () => Promise<readonly { id: Id<'tenant'>; name: string }[]>;
  readonly log: Logger;
  /** How long a file must not grow before it counts as finished, in milliseconds. */
  readonly settledMs?: number;
}

export interface DropFolder {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Makes the folder of a new tenant. @returns its path. */
  prepare(tenantName: string): Promise<string>;
  /** Looks at everything that lies there now; the watch only makes it quicker. Resolves when all of it is handled. */
  scan(): Promise<void>;
}

/** What cannot be taken in is put here, with a note beside it that says why. It is never deleted by us. */
const refusedFolder = 'refused';
const atOnceMax = 8;

/**
 * The watched folder: each file dropped into a tenant's folder becomes an event and is deleted once the event is committed.
 * Dying between the two brings the file again at the next start, and intake recognises it.
 */
export function createDropFolder(options: DropFolderOptions): DropFolder {
  const { root, intake, log } = options;
  const busy = new Map<string, Promise<void>>();
  let watcher: ReturnType<typeof watch> | undefined;

  /** One handling of a path at a time: the watch and the scan may both have seen it. */
  function handle(path: string): Promise<void> {
    const running = busy.get(path);
    if (running !== undefined) return running;
    const handling = take(path)
      .catch((error) => log.warn({ err: error }, 'a dropped file could not be taken in yet; it stays where it is'))
      .finally(() => busy.delete(path));
    busy.set(path, handling);
    return handling;
  }

  async function take(path: string): Promise<void> {
    if (isUnfinished(path)) return;
    const status = await lstat(path).catch(() => null);
    if (status === null || !status.isFile()) return;
    const tenant = await options.findTenant(basename(dirname(path)));
    if (tenant === null || tenant.name !== basename(dirname(path))) return;
    if (status.size > rawBytesMax) return refuse(path, `The file has ${status.size} bytes; ${rawBytesMax} are the most.`);
    try {
      const bytes = await readFile(path);
      const accepted = path.toLowerCase().endsWith('.json')
        ? await acceptJson(tenant.id, bytes)
        : await intake.acceptMail(tenant.id, bytes, { channel: 'drop', submittedBy: 'connector:drop' });
      log.info({ taskId: accepted.taskId, created: accepted.created }, 'a dropped file was taken in');
      await rm(path, { force: true });
    } catch (error) {
      if (isFactotumError(error) && !errorCatalogue[error.code].retry) return refuse(path, error.message);
      throw error;
    }
  }

  function acceptJson(tenantId: Id<'tenant'>, bytes: Buffer) {
    const event = readEvent(bytes);
    const title = typeof event.payload.title === 'string' ? event.payload.title : `${event.source} ${event.kind}`;
    return intake.accept(tenantId, {
      ...event,
      title: title.slice(0, 300),
      provenance: { channel: 'drop', submittedBy: 'connector:drop', integrity: 'untrusted' },
    });
  }

  /** Puts a file aside where a person finds it, with the reason beside it. */
  async function refuse(path: string, reason: string): Promise<void> {
    const aside = join(dirname(path), refusedFolder);
    await mkdir(aside, { recursive: true, mode: 0o700 });
    const name = await freeName(aside, basename(path));
    await rename(path, join(aside, name));
    await writeFile(join(aside, `${name}.why.txt`), `${reason}\n`, { mode: 0o600 });
    log.warn({ reason }, 'a dropped file was refused and put aside');
  }

  async function scan(): Promise<void> {
    for (const tenant of await options.listTenants()) {
      const folder = join(root, tenant.name);
      const names = await readdir(folder).catch(() => []);
      for (let at = 0; at < names.length; at += atOnceMax)
        await Promise.all(names.slice(at, at + atOnceMax).map((name) => handle(join(folder, name))));
    }
  }

  return {
    async start() {
      await mkdir(root, { recursive: true, mode: 0o700 });
      for (const { name } of await options.listTenants()) await mkdir(join(root, name), { recursive: true, mode: 0o700 });
      watcher = watch(root, {
        depth: 1,
        ignoreInitial: true,
        followSymlinks: false,
        atomic: true,
        awaitWriteFinish: { stabilityThreshold: options.settledMs ?? 300, pollInterval: 50 },
        ignored: (path) => isUnfinished(path) || basename(path) === refusedFolder,
      });
      watcher.on('add', (path) => void handle(path));
      watcher.on('error', (error) => log.warn({ err: error }, 'the drop folder cannot be watched; it is scanned at each start'));
      await scan();
    },
    async stop() {
      await watcher?.close();
      await Promise.allSettled([...busy.values()]);
    },
    async prepare(tenantName) {
      const folder = join(root, tenantName);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      return folder;
    },
    scan,
  };
}

/** @throws FactotumError `event.invalid` naming what is wrong with the file. */
function readEvent(bytes: Buffer): EventInput {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new FactotumError('event.invalid', 'The file is not JSON.', { cause });
  }
  const event = eventInputSchema.safeParse(json);
  if (event.success) return event.data;
  throw new FactotumError(
    'event.invalid',
    `The event is not valid. ${event.error.issues.map((issue) => `${issue.path.join('.') || 'event'}: ${issue.message}`).join('; ')}.`,
  );
}

/** Names under which programs write before they rename: still growing, or not meant for us. */
function isUnfinished(path: string): boolean {
  const name = basename(path);
  return name.startsWith('.') || name.startsWith('~') || name.endsWith('~') || /\.(part|crdownload|tmp|swp)$/i.test(name);
}

async function freeName(folder: string, name: string): Promise<string> {
  const taken = new Set(await readdir(folder));
  if (!taken.has(name)) return name;
  for (let number = 2; ; number += 1) if (!taken.has(`${number} ${name}`)) return `${number} ${name}`;
}
