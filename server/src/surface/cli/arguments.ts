import { parseArgs } from 'node:util';
import { type Command, type Given, UsageError } from './command.ts';

/** Taken by every command. */
const sharedOptions = {
  data: { type: 'string' },
  tenant: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/**
 * Finds the command that the words name and reads its operands and options; options may stand before the name as well.
 *
 * @returns null when help is asked for or no word is given.
 * @throws UsageError for an unknown command or option, and for operands that are missing or too many.
 */
export function parseCommand(argv: readonly string[], commands: readonly Command[]): { command: Command; given: Given } | null {
  const named = findCommand(argv, commands);
  if (named === undefined) {
    const words = wordsOf(argv);
    if (words.length === 0 || words[0] === 'help' || argv.includes('--help')) return null;
    throw new UsageError(`There is no command ${words.slice(0, 2).join(' ')}. See: factotum help`);
  }
  const { values, positionals } = parse(argv, named);
  if (values.help === true) return null;
  const operands = positionals.slice(named.name.split(' ').length);
  const names = named.operands ?? [];
  const needed = names.filter((name) => !name.startsWith('['));
  if (operands.length < needed.length) throw new UsageError(`${needed[operands.length]} is missing.\n${usageOf(named)}`);
  if (operands.length > names.length) throw new UsageError(`${operands[names.length]} is one word too many.\n${usageOf(named)}`);
  const given: Given = {
    operand: (name) => operands[names.indexOf(name)] ?? '',
    text: (option) => {
      const value = values[option];
      return typeof value === 'string' ? value : undefined;
    },
    texts: (option) => {
      const value = values[option];
      return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
    },
    flag: (option) => values[option] === true,
  };
  return { command: named, given };
}

/** Whether `--json` is among the words, for failures that happen before they are understood. */
export const wantsJson = (argv: readonly string[]): boolean => argv.includes('--json');

/** `factotum task show TASK`. */
export const usageOf = ({ name, usage }: Command): string => `Use: factotum ${name}${usage === '' ? '' : ` ${usage}`}`;

function parse(argv: readonly string[], command: Command): { values: Readonly<Record<string, unknown>>; positionals: readonly string[] } {
  const options = { ...sharedOptions, ...command.options };
  try {
    return parseArgs({ args: joinValues(argv, options), options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : 'These words are not understood.'}\n${usageOf(command)}`);
  }
}

/** An etag or a token may begin with a dash, which alone would be taken for an option: `--replace -xY3` is `--replace=-xY3`. */
function joinValues(argv: readonly string[], options: Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>): string[] {
  const joined: string[] = [];
  for (let at = 0; at < argv.length; at += 1) {
    const [word = '', next = ''] = argv.slice(at, at + 2);
    const isValue = word.startsWith('--') && options[word.slice(2)]?.type === 'string' && /^-[^-]/.test(next) && next !== '-h';
    joined.push(isValue ? `${word}=${next}` : word);
    if (isValue) at += 1;
  }
  return joined;
}

function findCommand(argv: readonly string[], commands: readonly Command[]): Command | undefined {
  const [first = '', second = ''] = wordsOf(argv);
  return commands.find(({ name }) => name === `${first} ${second}`) ?? commands.find(({ name }) => name === first);
}

/** The words that are no options, nor the value of an option that every command takes. */
function wordsOf(argv: readonly string[]): string[] {
  return argv.filter((word, at) => !word.startsWith('-') && !['--data', '--tenant'].includes(argv[at - 1] ?? ''));
}
