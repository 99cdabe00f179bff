/** A file of the repository: its path with forward slashes, and its text. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

const sourceLinesMax = 400;
const architectureLinesMax = 200;

/** Source files that may be longer, each with the reason. */
const longFiles: Readonly<Record<string, string>> = {
  'packages/tlog/src/verify.ts': 'an auditor reads and runs this one file; it imports nothing but node:crypto',
};

/** Paths under which the rules for words do not apply: this file and its test have to name what they forbid. */
const namesForbiddenWords = /^scripts\/hygiene(?:\.test)?\.ts$/;

const isSource = (path: string) => /\.(?:ts|tsx|cjs|mjs|css|sql|sh)$/.test(path) && !/(?:\.gen|\.d)\.ts$/.test(path);

interface WordRule {
  readonly name: string;
  readonly pattern: RegExp;
  readonly in: (path: string) => boolean;
}

const wordRules: readonly WordRule[] = [
  {
    name: "a path of somebody's machine",
    pattern: /(?<![\w.$}/-])(?:\/(?:work|root|home\/\w+|Users\/\w+)\/|[A-Z]:\\Users\\)/,
    in: () => true,
  },
  {
    name: 'the host of a package registry',
    pattern: /https?:\/\/[\w.-]*(?:registry|npmjs|artifactory|nexus|verdaccio)[\w.-]*/i,
    in: () => true,
  },
  { name: 'a registry setting', pattern: /^\s*(?:(?:@[\w-]+:)?registry\s*=|\/\/.*:_auth)/i, in: (path) => path.endsWith('.npmrc') },
  { name: 'unfinished work', pattern: /(?:\/\/|\*|--|#).*\b(?:TODO|FIXME|XXX|HACK)\b/, in: isSource },
  { name: 'a left-over of a merge', pattern: /^(?:<{7}|>{7}) /, in: () => true },
];

/** Names that say nothing about what is inside. */
const emptyNames = /(?:^|\/)(?:utils?|helpers?|common|misc|managers?)(?:\/|\.[^/]*$|$)/;

/**
 * Checks what no compiler and no linter looks at.
 *
 * @returns one line per fault, beginning with the path.
 */
export function findHygieneFaults(files: readonly TextFile[]): string[] {
  return files.flatMap((file) => [...nameFaults(file.path), ...lengthFaults(file), ...wordFaults(file), ...lockFaults(file)]);
}

function nameFaults(path: string): string[] {
  if (emptyNames.test(path)) return [`${path}: the name does not say what is inside`];
  // Node strips types but does not know JSX.
  if (/\.test\.tsx$/.test(path)) return [`${path}: node cannot run a test with JSX`];
  return [];
}

function lengthFaults({ path, text }: TextFile): string[] {
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  const linesMax =
    path === 'ARCHITECTURE.md' ? architectureLinesMax : isSource(path) && longFiles[path] === undefined ? sourceLinesMax : Infinity;
  return lines > linesMax ? [`${path}: ${lines} lines, more than ${linesMax}; look for the second idea in it`] : [];
}

function wordFaults({ path, text }: TextFile): string[] {
  if (namesForbiddenWords.test(path)) return [];
  const rules = wordRules.filter((rule) => rule.in(path));
  return text
    .split('\n')
    .flatMap((line, index) =>
      rules.flatMap(({ name, pattern }) => (pattern.test(line) ? [`${path}:${index + 1}: ${name}: ${excerpt(line)}`] : [])),
    );
}

const excerpt = (line: string) => line.trim().slice(0, 120);

/** `npm ci` refuses a lock file that lacks the optional packages of other platforms; npm itself writes such files when a registry lacks them. */
function lockFaults({ path, text }: TextFile): string[] {
  if (path !== 'package-lock.json') return [];
  const { packages }: { packages: Record<string, { resolved?: string; optionalDependencies?: Record<string, string> }> } = JSON.parse(text);
  const names = new Set(Object.keys(packages).map((key) => key.slice(key.lastIndexOf('node_modules/') + 'node_modules/'.length)));
  return Object.entries(packages).flatMap(([key, { resolved, optionalDependencies }]) => [
    ...(resolved?.includes('://') ? [`${path}: ${key} names the host it came from`] : []),
    ...Object.keys(optionalDependencies ?? {})
      .filter((name) => !names.has(name))
      .map((name) => `${path}: ${key} wants ${name}, which is missing`),
  ]);
}
