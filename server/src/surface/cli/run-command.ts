import { ZodError } from 'zod';
import { type Config, ConfigFaults, isFactotumError, type Json } from '#kernel';
import { ask, Refusal } from './api.ts';
import { parseCommand, usageOf, wantsJson } from './arguments.ts';
import { type CommandBackend, openBackend } from './backend.ts';
import { tenantsSchema } from './command/tenant.ts';
import { type Command, type CommandContext, type CommandDeps, type ExitCode, type Given, UsageError } from './command.ts';
import { commands } from './commands.ts';

/**
 * Runs one command, `['task', 'list', '--json']`, and prints its answer: with `--json` one JSON value on stdout, otherwise text for people.
 * Everything else goes to stderr. Never throws.
 *
 * @returns the exit code: 0 good, 1 the thing failed, 2 wrong usage or configuration.
 */
export async function runCommand(argv: readonly string[], deps: CommandDeps): Promise<ExitCode> {
  try {
    const parsed = parseCommand(argv, commands);
    if (parsed === null) {
      deps.terminal.out(`${helpText(argv)}\n`);
      return 0;
    }
    return await run(parsed.command, parsed.given, deps);
  } catch (error) {
    return report(error, wantsJson(argv), deps);
  }
}

async function run(command: Command, given: Given, deps: CommandDeps): Promise<ExitCode> {
  const say = (text: string) => deps.terminal.err(`${text}\n`);
  let config: Config | undefined;
  let backend: Promise<CommandBackend> | undefined;
  const open = () => {
    config ??= deps.configure({ dataFolder: given.text('data') });
    backend ??= openBackend(config, (of) => deps.openAlone(of, say), say);
    return backend;
  };
  const context: CommandContext = {
    given,
    deps,
    backend: open,
    tenant: async () => given.text('tenant') ?? (await onlyTenant(await open())),
    say,
  };
  try {
    const { json, text, exit } = await command.run(context);
    deps.terminal.out(`${given.flag('json') ? JSON.stringify(json) : text}\n`);
    return exit ?? 0;
  } finally {
    // A backend that did not open has been reported already.
    await (await backend?.catch(() => undefined))?.close();
  }
}

async function onlyTenant(backend: CommandBackend): Promise<string> {
  const { items } = await ask(backend, tenantsSchema, { path: '/operator/tenants' });
  const [only, ...others] = items;
  if (only !== undefined && others.length === 0) return only.id;
  if (only === undefined) throw new UsageError('There is no tenant yet. Make one: factotum tenant create --name NAME');
  throw new UsageError(`Say which tenant with --tenant: ${items.map(({ name }) => name).join(', ')}.`);
}

function report(error: unknown, json: boolean, { terminal }: CommandDeps): ExitCode {
  const { code, message, details } = describe(error);
  if (json) terminal.out(`${JSON.stringify({ error: { code, message, ...(details === undefined ? {} : { details }) } })}\n`);
  terminal.err(`${message}\n`);
  return code === 'command.usage' || code === 'config.invalid' ? 2 : 1;
}

function describe(error: unknown): { code: string; message: string; details?: Json } {
  if (error instanceof UsageError) return { code: 'command.usage', message: error.message };
  if (error instanceof ConfigFaults) return { code: 'config.invalid', message: error.message, details: error.faults };
  if (error instanceof Refusal) {
    const { code, details } = error.problem;
    return { code, message: error.message, ...(details === undefined ? {} : { details }) };
  }
  if (isFactotumError(error)) return { code: error.code, message: error.message };
  if (error instanceof ZodError)
    return { code: 'server.fault', message: 'The server answered something that this command does not understand. Is it another release?' };
  return { code: 'server.fault', message: error instanceof Error ? error.message : String(error) };
}

function helpText(argv: readonly string[]): string {
  const words = argv.filter((word) => !word.startsWith('-') && word !== 'help');
  const about = words.length === 0 ? [] : commands.filter(({ name }) => name === words.join(' ') || name.startsWith(`${words[0]} `));
  if (about.length > 0) return about.map((command) => `${usageOf(command)}\n  ${command.about}`).join('\n\n');
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    'Use: npm run -s factotum -- COMMAND [--data DIR] [--tenant ID or name] [--json]',
    '',
    ...commands.map(({ name, about: text }) => `  ${name.padEnd(width)}  ${text}`),
    '',
    'The command talks to the server that runs on the data folder; with none running it starts what it needs for its own duration.',
    '--json prints one JSON value on stdout. Exit code: 0 good, 1 the thing failed, 2 wrong usage or configuration.',
    'More about one: factotum help COMMAND',
  ].join('\n');
}
