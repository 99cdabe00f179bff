import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import type { Finding } from './finding.ts';
import { judgeVariable } from './secret-place.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Which secrets lie where they should not: in the environment, where every program that is started gets them; in a .env file of the working
 * directory; in files that others may read. Names only.
 */
export async function examineSecretPlaces(environment: Environment, folder: string): Promise<Finding[]> {
  const findings = [
    ...examineVariables('environment', environment),
    ...(await examineEnvFile(join(folder, '.env'))),
    ...(await examineFiles(environment)),
  ];
  return findings.length > 0 ? findings : [{ check: 'places of secrets', state: 'ok', text: 'no secret of ours stands in clear' }];
}

function examineVariables(where: string, variables: Environment): Finding[] {
  return Object.entries(variables).flatMap(([name, value]): Finding[] => {
    const judged = judgeVariable(name, value);
    if (judged === null || judged.kind === 'stranger') return [];
    const fix =
      judged.kind === 'bootstrap'
        ? judged.fix
        : `factotum secret set ${judged.name} --installation, then set ${name}=secret://db/${judged.name}; or factotum secret import .env`;
    return [{ check: `secret in ${where}`, state: 'warn', text: `${name} stands there in clear`, fix }];
  });
}

async function examineEnvFile(path: string): Promise<Finding[]> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return [];
  const variables = parseEnv(text);
  const findings = examineVariables(path, variables);
  const strangers = Object.entries(variables).filter(([name, value]) => judgeVariable(name, value)?.kind === 'stranger');
  if (strangers.length > 0)
    findings.push({
      check: `secret in ${path}`,
      state: 'warn',
      text: `it holds secrets that Factotum does not use: ${strangers.map(([name]) => name).join(', ')}`,
      fix: 'Take them out of it.',
    });
  return findings.length === 0 ? [] : [...findings, ...(await examineMode(path, 0o077))];
}

/** Files that settings name: those with a secret in them, and those that references lead to. */
async function examineFiles(environment: Environment): Promise<Finding[]> {
  const own = Object.entries(environment).flatMap(([name, value]) =>
    /^FACTOTUM_\w+_FILE$/.test(name) && value !== undefined && value !== '' ? [value] : [],
  );
  const mounted = Object.values(environment).flatMap((value) =>
    value?.startsWith('secret://file/') === true ? [value.slice('secret://file'.length)] : [],
  );
  // What is mounted may be for a group; nobody else is to read it.
  return [
    ...(await Promise.all(own.map((path) => examineMode(path, 0o077)))),
    ...(await Promise.all(mounted.map((path) => examineMode(path, 0o007)))),
  ].flat();
}

async function examineMode(path: string, forbidden: number): Promise<Finding[]> {
  const mode = (await stat(path).catch(() => null))?.mode;
  // Windows has no such bits: there the folder's access list is what protects.
  if (mode === undefined || process.platform === 'win32' || (mode & forbidden) === 0) return [];
  return [
    {
      check: `file ${path}`,
      state: 'fail',
      text: `holds secrets and is open to others (mode ${(mode & 0o777).toString(8)})`,
      fix: `chmod ${(mode & 0o777 & ~forbidden).toString(8).padStart(3, '0')} '${path}'`,
    },
  ];
}
