#!/usr/bin/env node
/** `factotum-verify`: checks an export or a single proof offline and says in plain words what was proven. Needs only `verify.ts` beside it. */
import { createReadStream, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type ExportReport, parseVerifierKey, TlogError, verifyExport, verifyProof } from './verify.ts';

const usage = `Usage: factotum-verify FILE [--key VKEY] [--mac-key HEX] [--checkpoint FILE]... [--json]
       factotum-verify PROOF --entry FILE --key VKEY [--json]

Checks an exported audit log (FILE, or - for standard input), or the proof of one entry (PROOF, with the entry's exact bytes).

  --key VKEY         the log's verifier key, obtained elsewhere than from the export
  --mac-key HEX      the first MAC key, 64 hex digits; @FILE reads it from a file, which keeps it out of the process list
  --checkpoint FILE  a signed checkpoint that was kept elsewhere; may be repeated
  --json             one JSON value on standard output instead of words

Ends with 0 when everything holds, 1 when something does not, 2 when it could not be checked.`;

/** A call that cannot be carried out: exit code 2. */
class UsageError extends Error {}

interface Answer {
  readonly holds: boolean;
  readonly json: object;
  readonly words: readonly string[];
}

process.exitCode = await run(process.argv.slice(2));

async function run(args: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = readArguments(args);
    if (values.help) {
      console.log(usage);
      return 0;
    }
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw new UsageError('name exactly one file');
    if (values.key !== undefined) parseVerifierKey(values.key);
    const answer = values.entry === undefined ? await checkExport(file, values) : checkProof(file, { ...values, entry: values.entry });
    console.log(values.json ? JSON.stringify(answer.json) : answer.words.join('\n'));
    return answer.holds ? 0 : 1;
  } catch (error) {
    // Whatever else is thrown is a file that cannot be read or a malformed --key: the log itself was not judged.
    console.error(`factotum-verify: ${error instanceof Error ? error.message : String(error)}`);
    if (error instanceof UsageError) console.error(`\n${usage}`);
    return 2;
  }
}

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        key: { type: 'string' },
        'mac-key': { type: 'string' },
        checkpoint: { type: 'string', multiple: true },
        entry: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

type Values = ReturnType<typeof readArguments>['values'];

async function checkExport(file: string, values: Values): Promise<Answer> {
  const macKey = values['mac-key'] === undefined ? undefined : readMacKey(values['mac-key']);
  const report = await verifyExport(file === '-' ? process.stdin : createReadStream(file), {
    ...(macKey && { macKey }),
    ...(values.key !== undefined && { verifierKey: values.key }),
    checkpoints: (values.checkpoint ?? []).map((path) => readFileSync(path, 'utf8')),
  });
  const checkpoints = report.checkpoints.map(({ size, root, isHeld }) => ({ size, root: root.toString('base64'), isHeld }));
  const json = { ...report, root: report.root.toString('base64'), checkpoints };
  return { holds: report.holds, json, words: describeExport(report) };
}

function readMacKey(text: string): Buffer {
  const hex = text.startsWith('@') ? readFileSync(text.slice(1), 'utf8').trim() : text;
  if (!/^[0-9a-f]{64}$/i.test(hex)) throw new UsageError('the MAC key is not 64 hex digits');
  return Buffer.from(hex, 'hex');
}

function describeExport(report: ExportReport): string[] {
  const covered = report.checkpoints.at(-1);
  const held = report.checkpoints.filter(({ isHeld }) => isHeld);
  const proven = [
    covered?.size === 0 && 'the log that was signed had no entries',
    covered !== undefined &&
      covered.size > 0 &&
      `entries 0 to ${covered.size - 1} are exactly those that the log signed: none edited, added, removed or moved (root ${covered.root.toString('base64')})`,
    held.length > 0 && `they continue the log as you knew it at size ${held.map(({ size }) => size).join(', ')}`,
    report.areMacsChecked &&
      report.entries > 0 &&
      `entries 0 to ${report.entries - 1} carry MACs that only the holder of the keys could make (${report.epochs} epochs)`,
  ];
  const open = [
    !report.isKeyGiven && "that the key is the log's own: it came with the export; compare it with the one you know, or give --key",
    held.length === 0 && 'that the log has not been replaced or cut as a whole: give a checkpoint that was kept elsewhere (--checkpoint)',
    !report.areMacsChecked && 'the MACs: give the first MAC key (--mac-key)',
  ];
  return [
    `Log:      ${report.origin ?? 'unknown'}`,
    `Key:      ${report.verifierKey ?? 'unknown'}`,
    `Entries:  ${report.entries} read and found to continue one chain`,
    ...(report.fault ? ['', `DOES NOT HOLD at ${placeOf(report.fault)}: ${report.fault.detail} (${report.fault.code})`] : []),
    ...list('Proven:', proven),
    ...list('Not proven:', open),
    ...(report.holds ? ['', 'Holds.'] : []),
  ];
}

function placeOf({ index, indexLast }: NonNullable<ExportReport['fault']>): string {
  if (index === null) return 'the header';
  return index === indexLast ? `entry ${index}` : `some entry from ${index} to ${indexLast}`;
}

function list(title: string, items: readonly (string | false | undefined)[]): string[] {
  const said = items.filter((item) => typeof item === 'string');
  return said.length === 0 ? [] : ['', title, ...said.map((item) => `- ${item}`)];
}

function checkProof(file: string, { key, entry }: Values & { entry: string }): Answer {
  if (key === undefined) throw new UsageError('a proof carries no key: give --key');
  const [proof, body] = [readFileSync(file, 'utf8'), readFileSync(entry)];
  try {
    const { index, checkpoint } = verifyProof(proof, body, [parseVerifierKey(key)]);
    const words = `Holds: this is entry ${index} of the log ${checkpoint.origin}, which had ${checkpoint.size} entries when it signed that.`;
    return { holds: true, json: { holds: true, index, origin: checkpoint.origin, size: checkpoint.size }, words: [words] };
  } catch (error) {
    if (!(error instanceof TlogError)) throw error;
    return { holds: false, json: { holds: false, code: error.code, detail: error.message }, words: [`DOES NOT HOLD: ${error.message}`] };
  }
}
