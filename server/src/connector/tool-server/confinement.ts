import { spawnSync } from 'node:child_process';
import { accessSync, constants, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, sep } from 'node:path';
import { z } from 'zod';
import type { ToolProgram } from '#flow/tool-server';
import { FactotumError } from '#kernel';

const path = z
  .string()
  .min(1)
  .max(1_000)
  .refine((text) => isAbsolute(text) || text.startsWith('{home}'), 'must be an absolute path');

/** What an operator says of a program that tenants may run. `{tenant}` and `{home}` are filled in where folders and arguments are named. */
const programSchema = z.strictObject({
  title: z.string().min(1).max(100).optional(),
  /** `node`: the Node.js that we run on; else the path of a program. */
  command: z.string().refine((text) => text === 'node' || isAbsolute(text), 'must be node, or the absolute path of a program'),
  args: z.array(z.string().max(4_000)).max(100).default([]),
  /** Variables as the operator sets them. */
  set: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/), z.string().max(4_000)).default({}),
  /** Variables that a tenant may fill from its secrets. */
  env: z
    .array(z.string().regex(/^[A-Z][A-Z0-9_]{0,62}$/))
    .max(20)
    .default([]),
  /** Where it runs; left out: a folder of its own that goes with it. */
  folder: path.optional(),
  /** What it may read and write besides its own files, its HOME and its folder. */
  read: z.array(path).max(50).default([]),
  write: z.array(path).max(50).default([]),
  memoryMb: z.int().min(64).max(16_384).default(512),
  idleSeconds: z.int().min(5).max(86_400).default(300),
  /** That it may reach the network, where it can be kept from it. */
  network: z.boolean().default(true),
  /** That it may run although nothing on this machine can keep it from the files that we can read. */
  unconfined: z.boolean().default(false),
});
export type Program = z.infer<typeof programSchema> & Pick<ToolProgram, 'id' | 'confinement'>;

const programsSchema = z.record(
  z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'ids of programs are lower-case letters, digits and -'),
  programSchema,
);

/**
 * Reads the setting: programs by id.
 *
 * @throws FactotumError `config.invalid` with everything that is wrong, also for a program that nothing here can confine and that is not
 * allowed to run like that.
 */
export function readPrograms(json: string): readonly Program[] {
  let given: unknown;
  try {
    given = JSON.parse(json);
  } catch {
    throw new FactotumError('config.invalid', 'FACTOTUM_TOOL_PROGRAMS is not JSON.');
  }
  const parsed = programsSchema.safeParse(given);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path: place, message }) => `${place.join('.')}: ${message}`);
    throw new FactotumError('config.invalid', `FACTOTUM_TOOL_PROGRAMS: ${faults.join('; ')}.`);
  }
  const programs = Object.entries(parsed.data).map(([id, program]) => ({ ...program, id, confinement: confinementOf(program) }));
  for (const program of programs)
    if (program.confinement === 'process only' && !program.unconfined)
      throw new FactotumError(
        'config.invalid',
        `FACTOTUM_TOOL_PROGRAMS: nothing here can keep ${program.id} from the files of this server. Install bubblewrap (bwrap) and allow it user namespaces, or set "unconfined": true.`,
      );
  return programs;
}

/** What keeps a program from the rest of the machine. */
function confinementOf({ command, network }: Pick<Program, 'command' | 'network'>): ToolProgram['confinement'] {
  if (command === 'node') return 'node permissions';
  return wrapperFor(network) === undefined ? 'process only' : 'bubblewrap';
}

export interface Place {
  readonly home: string;
  readonly folder: string;
  readonly fill: (text: string) => string;
}

/** The command line that runs a program with as little as it needs. */
export function confined(program: Program, place: Place): { readonly command: string; readonly args: string[] } {
  const inner = program.command === 'node' ? nodeLine(program, place) : wrapped(program, place);
  // From util-linux: no core files, few open files; no new privileges, and it dies with us. Where they are missing it is started without.
  const limits = find('prlimit');
  const privileges = find('setpriv');
  const outer = [
    ...(limits === undefined ? [] : [limits, '--core=0', '--nofile=1024', '--']),
    ...(privileges === undefined ? [] : [privileges, '--no-new-privs', '--pdeathsig', 'KILL', '--']),
    ...inner,
  ];
  const [command = '', ...args] = outer;
  return { command, args };
}

/** Node's permission model: named files alone, no child processes, no workers, no native code (nodejs.org/api/permissions.html). */
function nodeLine({ args, read, write, memoryMb }: Program, { home, folder, fill }: Place): string[] {
  const [script = '', ...rest] = args.map(fill);
  const real = realScript(script);
  const writes = [home, folder, ...write.map(fill)];
  const reads = [packagesOf(real), ...writes, ...read.map(fill)];
  return [
    process.execPath,
    '--permission',
    ...[...new Set(reads)].flatMap(withContents).map((one) => `--allow-fs-read=${one}`),
    ...[...new Set(writes)].flatMap(withContents).map((one) => `--allow-fs-write=${one}`),
    `--max-old-space-size=${memoryMb}`,
    '--disable-warning=SecurityWarning',
    real,
    ...rest,
  ];
}

const withContents = (folder: string): string[] => [folder, join(folder, '/')];

/** @throws FactotumError `tool_server.invalid` when it is not there. */
function realScript(script: string): string {
  try {
    return realpathSync(script);
  } catch {
    throw new FactotumError('tool_server.invalid', 'The program is not installed where the operator says. Ask the operator.');
  }
}

/** The outermost `node_modules` that a script lies in, where everything that it imports lies as well; else its own folder. */
function packagesOf(script: string): string {
  const parts = script.split(sep);
  const at = parts.indexOf('node_modules');
  return at === -1 ? dirname(script) : parts.slice(0, at + 1).join(sep);
}

/** Bubblewrap: a file system of system folders to read, its own to write, own processes, and no network where it needs none. */
function wrapped({ command, args, read, write, network }: Program, { home, folder, fill }: Place): string[] {
  const wrapper = wrapperFor(network);
  if (wrapper === undefined) return [fill(command), ...args.map(fill)];
  const program = dirname(fill(command));
  return [
    wrapper,
    ...apart(network),
    ...[program, ...read.map(fill)].flatMap(toRead),
    ...[home, folder, ...write.map(fill)].flatMap((one) => ['--bind', one, one]),
    ...['--chdir', folder, '--'],
    fill(command),
    ...args.map(fill),
  ];
}

const system = ['/usr', '/bin', '/sbin', '/lib', '/lib64', '/etc/ssl', '/etc/resolv.conf', '/etc/hosts', '/etc/nsswitch.conf'];
const toRead = (file: string): string[] => ['--ro-bind-try', file, file];

/**
 * What any program gets: namespaces, processes and devices of its own, and system folders to read. (A session of its own it has anyway: it
 * is started in one, without a terminal.)
 */
const apart = (network: boolean): string[] => [
  ...['--unshare-all', ...(network ? ['--share-net'] : [])],
  ...['--die-with-parent', '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'],
  ...system.flatMap(toRead),
];

const wrappers = new Map<boolean, string | undefined>();

/**
 * Bubblewrap, where it is installed and may do all that it is to do: in many containers it may make no namespaces, or mount nothing in them.
 * Tried until it has ended by itself once: a machine that was too busy for it has said nothing.
 */
function wrapperFor(network: boolean): string | undefined {
  if (!wrappers.has(network)) {
    const wrapper = find('bwrap');
    const status =
      wrapper === undefined ? 1 : spawnSync(wrapper, [...apart(network), '--', 'true'], { stdio: 'ignore', timeout: 10_000 }).status;
    if (status === null) return undefined;
    wrappers.set(network, status === 0 ? wrapper : undefined);
  }
  return wrappers.get(network);
}

const folders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const foundAt = new Map<string, string | undefined>();

function find(name: string): string | undefined {
  if (!foundAt.has(name)) foundAt.set(name, folders.map((folder) => join(folder, name)).find(isRunnable));
  return foundAt.get(name);
}

function isRunnable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
