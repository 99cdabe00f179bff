import { once } from 'node:events';
import { lstat, mkdir, readdir } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { watch } from 'chokidar';
import type { FileIntake } from '#flow/file';
import { type EventInput, eventInputSchema, type Intake, payloadBytesMax } from '#flow/intake';
import { createTurns, type ErrorCode, FactotumError, type Id, isFactotumError, type JsonObject, type Logger, parseJson } from '#kernel';
import { type Fingerprint, openSeen, readSeen, removeSeen, type Seen, whenSettled } from './dropped-file.ts';
import { putAside, refusedFolder } from './refused.ts';
import { isUnfinished } from './unfinished.ts';

export interface DropFolderOptions {
  /** The folder set by FACTOTUM_DROP; below it one folder a tenant, named like it. */
  readonly root: string;
  readonly intake: Pick<Intake, 'accept'>;
  readonly files: Pick<FileIntake, 'take'>;
  readonly findTenant: (name: string) => Promise<{ id: Id<'tenant'>; name: string } | null>;
  readonly listTenants: () => Promise<readonly { id: Id<'tenant'>; name: string }[]>;
  readonly log: Logger;
  /** How long a file must not change before it counts as whole, in milliseconds. */
  readonly settledMs?: number;
  /** How often everything is looked at, in milliseconds: what the watch missed and what failed for a while waits no longer than this. */
  readonly rescanMs?: number;
}

export interface DropFolder {
  start(): Promise<void>;
  /** Lets what is being taken in come to its end. */
  stop(): Promise<void>;
  /** Makes the folder of a new tenant. @returns its path. */
  prepare(tenantName: string): Promise<string>;
  /** Looks at everything that lies there now. Resolves when all of it that is whole has been handled. */
  scan(): Promise<void>;
}

/** Half a second is longer than any copying program pauses; one that writes slower writes under another name and renames. */
const settledMsDefault = 500;
/** A folder made and filled in one breath can slip past the watch; reading a few folders costs nothing. */
const rescanMsDefault = 5_000;
/** Files in work at once: of a mail up to 25 MiB are in memory, of anything else a few. */
const atOnceMax = 8;
/** An event as a file: its payload, and as much again for the rest and white space. */
const eventFileBytesMax = 2 * payloadBytesMax;

/** What a file can be refused for. All other failures pass, or are for an operator to put right: the file stays where it is. */
const faultsOfFiles: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'mail.invalid',
  'event.invalid',
  'event.conflict',
  'request.invalid',
  'request.not_json',
  'request.too_large',
]);

/**
 * The watched folder: each file dropped into a tenant's folder becomes an event and is deleted once the event is committed. Dying
 * between the two brings the file again, and intake recognises it.
 *
 * Neither names nor contents of files are logged: they are the tenant's.
 */
export function createDropFolder(options: DropFolderOptions): DropFolder {
  const { intake, log, settledMs = settledMsDefault } = options;
  const root = resolve(options.root);
  const stopping = new AbortController();
  // The tenants' folders take turns: a thousand files in one do not hold up the first of another.
  const inTurn = createTurns<string>({ atOnceMax, eachMax: atOnceMax - 1 });
  const busy = new Map<string, Promise<void>>();
  /** Files whose event is committed and that could not be deleted. */
  const taken = new Map<string, Fingerprint>();
  /** What was said about a file or folder, so that it is said once and not at every look. */
  const said = new Map<string, string>();
  let watcher: ReturnType<typeof watch> | undefined;
  let rescan: NodeJS.Timeout | undefined;

  /** One handling of a path at a time: the watch and the scan may both have seen it. */
  function handle(path: string): Promise<void> {
    const running = busy.get(path);
    if (running !== undefined) return running;
    const handling = whenSettled(path, settledMs, stopping.signal)
      .then((seen) => (seen === null ? forget(path) : inTurn(dirname(path), () => take(path, seen))))
      .catch((error) => say(path, error))
      .finally(() => busy.delete(path));
    busy.set(path, handling);
    return handling;
  }

  async function take(path: string, seen: Seen): Promise<void> {
    const folder = dirname(path);
    const tenant = (await lstat(folder)).isDirectory() ? await options.findTenant(basename(folder)) : null;
    // Tenants are found by their ids as well, and several spellings of a name lead to one.
    if (tenant === null || tenant.name !== basename(folder)) return;
    if (taken.get(path) !== seen.fingerprint) {
      try {
        const accepted = await accept(tenant.id, path, seen);
        if (accepted === null) return;
        taken.set(path, seen.fingerprint);
        log.info({ tenantId: tenant.id, ...accepted }, 'a dropped file was taken in');
      } catch (error) {
        if (!isFactotumError(error) || !faultsOfFiles.has(error.code)) throw error;
        await putAside(path, error.message);
        log.warn({ tenantId: tenant.id, code: error.code }, 'a dropped file was refused and put aside');
        return;
      }
    }
    // What has grown since it was read stays: it is another file now, and will be another event.
    await removeSeen(path, seen);
    forget(path);
  }

  /** @returns what may be logged of it; null when it is no longer the file that was seen. */
  async function accept(tenantId: Id<'tenant'>, path: string, seen: Seen): Promise<JsonObject | null> {
    const door = { channel: 'drop', submittedBy: 'connector:drop' } as const;
    if (path.toLowerCase().endsWith('.json')) {
      if (seen.sizeBytes > eventFileBytesMax)
        throw new FactotumError(
          'request.too_large',
          `The file has ${seen.sizeBytes} bytes; ${eventFileBytesMax} are the most for an event.`,
        );
      const bytes = await readSeen(path, seen);
      if (bytes === null) return null;
      const event = readEvent(bytes);
      const title =
        typeof event.payload.title === 'string' && event.payload.title !== '' ? event.payload.title : `${event.kind} from ${event.source}`;
      const { taskId, created } = await intake.accept(tenantId, { ...event, title, provenance: { ...door, integrity: 'untrusted' } });
      return { taskId, created };
    }
    const body = await openSeen(path, seen);
    if (body === null) return null;
    try {
      const file = { name: basename(path), body, sizeBytes: seen.sizeBytes };
      const { taskId, jobId, created, recognised } = await options.files.take(tenantId, file, { ...door, as: importedAs(path) });
      return { taskId, jobId, created, ...(recognised === null ? {} : { recognised: recognised.kind }) };
    } finally {
      body.destroy();
    }
  }

  async function scan(): Promise<void> {
    const tenants = await options.listTenants().catch((error) => {
      say(root, error);
      return [];
    });
    const names = await Promise.all(tenants.map(async ({ name }) => lookInto(join(root, name))));
    await Promise.all(names.flat().filter(isWanted).map(handle));
  }

  /** A folder that somebody has deleted is made again. */
  async function lookInto(folder: string): Promise<string[]> {
    try {
      const names = await namesIn(folder);
      said.delete(folder);
      if (names.some((name) => name.includes('\uFFFD'))) say(folder, { code: 'name is not UTF-8' });
      return names.map((name) => join(folder, name));
    } catch (error) {
      say(folder, error);
      return [];
    }
  }

  /** Asked first, made only where it is not there: with a thousand tenants the other way round keeps a tenth of a core busy. */
  async function namesIn(folder: string): Promise<string[]> {
    try {
      return await readdir(folder);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      return readdir(folder);
    }
  }

  function say(path: string, error: unknown): void {
    if (stopping.signal.aborted) return;
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error);
    if (said.get(path) === code) return;
    said.set(path, code);
    log.warn(
      { code, folder: basename(path === root ? root : dirname(path)) },
      'a dropped file could not be taken in yet; it stays and is tried again',
    );
  }

  function forget(path: string): void {
    said.delete(path);
    taken.delete(path);
  }

  /** A file in a tenant's folder that is meant for us; what lies deeper, or beside the tenants' folders, is not. */
  const isWanted = (path: string): boolean => {
    const [tenant, name, ...deeper] = relative(root, path).split(sep);
    return tenant !== '..' && name !== undefined && deeper.length === 0 && name !== refusedFolder && !isUnfinished(name);
  };

  return {
    async start() {
      await mkdir(root, { recursive: true, mode: 0o700 });
      for (const { name } of await options.listTenants()) await mkdir(join(root, name), { recursive: true, mode: 0o700 });
      watcher = watch(root, {
        depth: 1,
        ignoreInitial: true,
        followSymlinks: false,
        ignored: (path) => dirname(resolve(path)) !== root && resolve(path) !== root && !isWanted(resolve(path)),
      });
      for (const event of ['add', 'change'] as const) watcher.on(event, (path) => void (isWanted(path) ? handle(path) : undefined));
      // A tenant's folder that is new: what lay in it before it was watched, the watch does not tell.
      watcher.on('addDir', (path) => void (dirname(resolve(path)) === root ? scan() : undefined));
      watcher.on('error', (error) => say(root, error));
      // What comes before the watch is ready it takes for old; the scan that follows does not.
      await once(watcher, 'ready');
      rescan = setInterval(() => void scan(), options.rescanMs ?? rescanMsDefault);
      void scan();
    },
    async stop() {
      stopping.abort();
      clearInterval(rescan);
      await watcher?.close();
      await Promise.all([...busy.values()]);
    },
    async prepare(tenantName) {
      const folder = join(root, tenantName);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      return folder;
    },
    scan,
  };
}

/** A mailbox is history unless its name says that its mails are to be acted on. */
const importedAs = (path: string) => (/\.new\.mbo?x$/i.test(path) ? 'new' : undefined);

/** @throws FactotumError `event.invalid` naming what is wrong with the file; whatever `parseJson` throws. */
function readEvent(bytes: Buffer): EventInput {
  const event = eventInputSchema.safeParse(parseJson(bytes));
  if (event.success) return event.data;
  const faults = event.error.issues.map((issue) => `${issue.path.join('.') || 'event'}: ${issue.message}`);
  throw new FactotumError('event.invalid', `The event is not valid. ${faults.join('; ')}.`);
}
