import { configTable } from '#kernel';
import type { Finding } from './finding.ts';
import { secretName } from './secret-place.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const ours = new Set(configTable.map(({ name }) => name));

/** What in the environment weakens the process, or is known to it without need: whatever breaks in finds it there. */
export function examineEnvironment(environment: Environment): Finding[] {
  const set = (name: string) => (environment[name] ?? '') !== '';
  const findings: Finding[] = [];
  const strangers = Object.keys(environment)
    .filter((name) => set(name) && !ours.has(name) && secretName.test(name))
    .sort();
  if (strangers.length > 0)
    findings.push({
      check: 'environment',
      state: 'warn',
      text: `holds secrets that Factotum does not use: ${strangers.join(', ')}`,
      fix: 'Start it from an environment without them, for example with env -u NAME.',
    });
  if (set('FACTOTUM_DATABASE_URL') && set('FACTOTUM_DATABASE_APP_URL'))
    findings.push({
      check: 'environment',
      state: 'warn',
      text: "holds the database owner's login beside those of the roles",
      fix: 'Give FACTOTUM_DATABASE_URL only to `factotum db prepare`; what serves needs the four role logins alone.',
    });
  if (environment.NODE_TLS_REJECT_UNAUTHORIZED === '0')
    findings.push({
      check: 'environment',
      state: 'fail',
      text: 'NODE_TLS_REJECT_UNAUTHORIZED=0 lets anybody pose as any server',
      fix: 'Remove it; trust a private authority with NODE_EXTRA_CA_CERTS.',
    });
  if (/--inspect/.test(environment.NODE_OPTIONS ?? ''))
    findings.push({
      check: 'environment',
      state: 'fail',
      text: 'NODE_OPTIONS opens a debugger',
      fix: 'Remove --inspect from NODE_OPTIONS.',
    });
  if (findings.length === 0) findings.push({ check: 'environment', state: 'ok', text: 'holds nothing that it should not' });
  return findings;
}
