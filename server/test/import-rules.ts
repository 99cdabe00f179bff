import { posix } from 'node:path';

/** What each layer may import besides itself. `main` wires everything and is imported by nobody. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  trust: ['kernel'],
  engine: ['kernel', 'trust'],
  flow: ['kernel', 'trust', 'engine'],
  connector: ['kernel', 'trust', 'engine', 'flow'],
  surface: ['kernel', 'trust', 'engine', 'flow'],
  ops: ['kernel', 'trust', 'engine', 'flow'],
  main: ['kernel', 'trust', 'engine', 'flow', 'connector', 'surface', 'ops'],
};

/** Layers whose modules have an order: each imports only those to its left. In other layers any direction goes, but no cycle. */
const orders: Readonly<Record<string, readonly string[]>> = {
  kernel: [
    'kernel/redact',
    'kernel',
    'kernel/outbound',
    'kernel/words',
    'kernel/mail',
    'kernel/cloud',
    'kernel/hashicorp-vault',
    'kernel/storage',
    'kernel/database',
  ],
  flow: [
    'tool',
    'tool-server',
    'task',
    'correspondence',
    'intake',
    'file',
    'connection',
    'ledger',
    'agenda',
    'schedule',
    'webhook',
    'plan',
    'playbook',
    'gate',
    'approval',
    'action',
    'run',
    'simulation',
    'projection',
    'report',
    'analytics',
    'status',
    'notice',
  ].map((step) => `flow/${step}`),
};

/** The only files that read the environment; everybody else is handed the settings. */
const environmentReaders = ['kernel/config.ts', 'main.ts'];

/** The only file that loads what a setting names. */
const computedImporter = 'third-party.ts';

/** One file of server/src: its path below that folder with forward slashes, and its content. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

interface ImportLine {
  /** null for `import(expression)`: nobody can say what it loads. */
  readonly specifier: string | null;
  readonly line: number;
}

/**
 * Checks the direction of every import, static, dynamic, type-only or for its side effect.
 *
 * @returns the faults, each naming file, line and rule, and how many imports were read (0 means that nothing was checked).
 */
export function checkImports(files: readonly SourceFile[]): { faults: string[]; importsRead: number } {
  const paths = new Set(files.map((file) => file.path));
  const faults: string[] = [];
  const edges = new Map<string, Set<string>>();
  let importsRead = 0;
  for (const file of files) {
    const from = moduleOf(file.path);
    const text = withoutComments(file.text);
    faults.push(...placementFaults(file.path));
    if (!isTest(file.path) && !environmentReaders.includes(file.path)) faults.push(...environmentFaults(file.path, text));
    for (const { specifier, line } of readImports(text)) {
      importsRead += 1;
      if (specifier === null && file.path === computedImporter) continue;
      const fault = specifier === null ? 'imports something computed' : importFault({ path: file.path, from, specifier, paths });
      if (fault !== null) faults.push(`${file.path}:${line} ${fault}`);
      else if (specifier?.startsWith('#') && !isTest(file.path)) {
        edges.set(from, (edges.get(from) ?? new Set()).add(specifier.slice(1)));
      }
    }
  }
  return { faults: [...faults, ...cycleFaults(edges)], importsRead };
}

/** Parts of the kernel with a door of their own; the rest of it is one module. */
const kernelDoors = ['redact', 'outbound', 'words', 'mail', 'cloud', 'hashicorp-vault', 'storage', 'database'];

/** The module that owns a file: a layer's sub-folder, except that `kernel` has several doors and `engine` and `main` are one module each. */
function moduleOf(path: string): string {
  const [layer = '', second = ''] = path.split('/');
  if (!path.includes('/') || layer === 'main') return 'main';
  if (layer === 'engine' || (layer === 'kernel' && !kernelDoors.includes(second))) return layer;
  return `${layer}/${second}`;
}

const layerOf = (module: string) => module.split('/')[0] ?? module;
const isTest = (path: string) => path.endsWith('.test.ts');

function placementFaults(path: string): string[] {
  const module = moduleOf(path);
  const layer = layerOf(module);
  if (mayImport[layer] === undefined) return [`${path} is in no layer that this test knows`];
  if (orders[layer]?.includes(module) === false) return [`${path} is in no place of the order ${orders[layer].join(' < ')}`];
  if (module.endsWith('.ts')) return [`${path} is in no module of ${layer}`];
  if (path.endsWith('/index.ts') && path !== `${module}/index.ts`) return [`${path} is a second door of ${module}`];
  return [];
}

function environmentFaults(path: string, text: string): string[] {
  const readsEnvironment = /\bprocess\s*(?:\?\.|\.)\s*env\b|\bprocess\[['"]env['"]\]|\benv\b[^;'"]*from 'node:process'/;
  return text.split('\n').flatMap((line, index) => (readsEnvironment.test(line) ? [`${path}:${index + 1} reads the environment`] : []));
}

function importFault(what: { path: string; from: string; specifier: string; paths: ReadonlySet<string> }): string | null {
  const { path, from, specifier, paths } = what;
  if (specifier.startsWith('.')) return relativeFault(path, from, specifier);
  if (!specifier.startsWith('#')) return /^(?:\/|file:|@factotum\/server)/.test(specifier) ? `imports ${specifier} past every door` : null;
  const to = specifier.slice(1);
  if (moduleOf(`${to}/index.ts`) !== to || !paths.has(`${to}/index.ts`)) return `imports ${specifier}, which is not a door`;
  if (isTest(path)) return null;
  return directionFault(from, to);
}

function relativeFault(path: string, from: string, specifier: string): string | null {
  const target = posix.join(posix.dirname(path), specifier);
  if (isTest(path) && target.startsWith('../test/')) return null;
  return target.startsWith('..') || moduleOf(target) !== from ? `imports ${specifier}, which is outside its module ${from}` : null;
}

function directionFault(from: string, to: string): string | null {
  const [lower, upper] = [layerOf(to), layerOf(from)];
  if (from === to) return `imports its own door #${to}`;
  if (lower !== upper) return mayImport[upper]?.includes(lower) ? null : `imports #${to}, but ${upper} must not know ${lower}`;
  const order = orders[upper];
  if (order !== undefined && order.indexOf(to) > order.indexOf(from)) return `imports #${to}, which comes later in ${upper}`;
  return null;
}

/** Names each module that can reach itself inside one layer; across layers the direction already rules cycles out. */
function cycleFaults(edges: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const faults: string[] = [];
  for (const start of edges.keys()) {
    const trails = [[start]];
    const seen = new Set<string>();
    for (let trail = trails.pop(); trail !== undefined; trail = trails.pop()) {
      for (const next of edges.get(trail.at(-1) ?? start) ?? []) {
        // Each cycle once: reported from its alphabetically first module.
        if (next === start && trail.every((module) => module >= start)) faults.push(`cycle: ${[...trail, next].join(' -> ')}`);
        if (seen.has(next) || layerOf(next) !== layerOf(start)) continue;
        seen.add(next);
        trails.push([...trail, next]);
      }
    }
  }
  return faults;
}

function readImports(text: string): ImportLine[] {
  const patterns = [
    /^[ \t]*(?:import|export)\b[^'"();]*?\bfrom\s*['"](?<specifier>[^'"]+)['"]/gm,
    /^[ \t]*import\s*['"](?<specifier>[^'"]+)['"]/gm,
    /\bimport\s*\(\s*(?:['"](?<specifier>[^'"]+)['"]\s*[,)]|[^\s'"])/g,
  ];
  return patterns.flatMap((pattern) =>
    Array.from(text.matchAll(pattern), (match) => ({
      specifier: match.groups?.specifier ?? null,
      line: text.slice(0, match.index + match[0].length).split('\n').length,
    })),
  );
}

/** Blanks comments that begin a line; line numbers stay. Other places are left alone: '/*' also occurs inside strings. */
function withoutComments(text: string): string {
  return text.replace(/^[ \t]*(?:\/\*[\s\S]*?\*\/|\/\/.*)/gm, (comment) => comment.replace(/[^\n]/g, ''));
}
