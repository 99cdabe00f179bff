import { z } from 'zod';
import { type Config, ConfigFaults, isFactotumError } from '#kernel';
import { ask } from '../api.ts';
import type { Command, CommandContext } from '../command.ts';
import { isServed } from '../control/hold.ts';
import { examineDatabaseTls } from '../doctor/database-tls.ts';
import { examineEnvironment } from '../doctor/environment.ts';
import { type Finding, findingSchema } from '../doctor/finding.ts';
import { examineFolders, hasData } from '../doctor/folders.ts';
import { examinePort } from '../doctor/port.ts';
import { examineSecretPlaces } from '../doctor/secrets.ts';
import { examineStorage } from '../doctor/storage.ts';
import { harmless } from '../table.ts';

const innerSchema = z.object({ address: z.string().nullable(), findings: z.array(findingSchema) });

export const doctorCommands: readonly Command[] = [
  {
    name: 'doctor',
    usage: '',
    about: 'Try what will run: settings, folders, keys, database, tenant wall, audit logs, port. Says how to mend what is not well.',
    async run(context) {
      const findings = await examine(context);
      const failed = findings.filter(({ state }) => state === 'fail').length;
      const warned = findings.filter(({ state }) => state === 'warn').length;
      const verdict =
        failed > 0
          ? `${failed} of ${findings.length} checks failed.`
          : warned > 0
            ? `All is well but for ${warned} of ${findings.length}.`
            : 'All is well.';
      return {
        json: { ok: failed === 0, findings: findings.map((finding) => ({ ...finding })) },
        text: [...findings.map(line), '', verdict].join('\n'),
        exit: failed === 0 ? 0 : findings.some(({ check, state }) => check === settingsCheck && state === 'fail') ? 2 : 1,
      };
    },
  },
];

const settingsCheck = 'settings';

async function examine(context: CommandContext): Promise<Finding[]> {
  const { deps, given } = context;
  const settings = examineSettings(() => deps.configure({ dataFolder: given.text('data') }));
  const around = [
    ...settings.findings,
    examineNode(),
    ...examineEnvironment(deps.environment),
    ...(await examineSecretPlaces(deps.environment, process.cwd())),
  ];
  const { config } = settings;
  if (config === null) return around;
  const places = [...examineDatabaseTls(config), ...(await examineFolders(config, deps.keyFolder(config)))];
  const served = await isServed(config.dataFolder);
  if (!served && !(await hasData(config)))
    return [
      ...around,
      ...places,
      await examinePort(config, null),
      { check: 'server', state: 'warn', text: 'has never run on this data folder', fix: 'npm start' },
    ];
  const inner = await examineInside(context, served);
  return [...around, ...places, await examineStorage(config), await examinePort(config, inner.address), ...inner.findings];
}

function examineSettings(configure: () => Config): { config: Config | null; findings: Finding[] } {
  try {
    return { config: configure(), findings: [{ check: settingsCheck, state: 'ok', text: 'every setting is known and in range' }] };
  } catch (error) {
    if (!(error instanceof ConfigFaults)) throw error;
    return {
      config: null,
      findings: error.faults.map((text) => ({ check: settingsCheck, state: 'fail', text, fix: 'Correct it; docs/settings.md lists all.' })),
    };
  }
}

/** The first release that runs TypeScript as it is and that we test on. */
const oldestNode = 24;

function examineNode(): Finding {
  const { node } = process.versions;
  if (Number.parseInt(node, 10) >= oldestNode) return { check: 'node', state: 'ok', text: node };
  return {
    check: 'node',
    state: 'fail',
    text: `${node} is older than ${oldestNode}`,
    fix: 'Start through npm, which brings the right one along.',
  };
}

/** Asked of the process that has everything open: the server that runs, else parts opened for this. What does not open is a finding as well. */
async function examineInside({ backend }: CommandContext, served: boolean): Promise<z.infer<typeof innerSchema>> {
  try {
    const inner = await ask(await backend(), innerSchema, { path: '/operator/doctor' });
    const text = served ? 'runs and answers at its socket' : 'does not run; its parts were opened for this examination';
    return { address: inner.address, findings: [{ check: 'server', state: 'ok', text }, ...inner.findings] };
  } catch (error) {
    const text = isFactotumError(error) || error instanceof Error ? error.message : String(error);
    return {
      address: null,
      findings: [{ check: 'server', state: 'fail', text, fix: 'Mend this first; the rest could not be looked at.' }],
    };
  }
}

function line({ check, state, text, fix }: Finding): string {
  const mark = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' }[state];
  const mend = fix === undefined || state === 'ok' ? '' : `\n        ${harmless(fix)}`;
  return `${mark}  ${check}: ${harmless(text)}${mend}`;
}
