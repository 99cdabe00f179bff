import { openNote, parseVerifierKey, signNote, type TlogError } from '@factotum/tlog';
import type { InstallationKey } from '#trust/key';
import { invalid } from './fault.ts';

/** A line that says what it is, a line of text, and the installation's signature (c2sp.org/signed-note). */
export const signLine = (installation: Pick<InstallationKey, 'signer'>, heading: string, line: string): string =>
  signNote(`${heading}\n${line}\n`, [installation.signer]);

/** The line of a note that the installation with that public key signed under that heading. @throws FactotumError `backup.invalid`. */
export function openLine(verifierKeyText: string, heading: string, note: string): string {
  let text: string;
  try {
    text = openNote(note, [parseVerifierKey(verifierKeyText)]).text;
  } catch (cause) {
    // The library throws nothing else.
    throw invalid(`this installation did not sign it, or it was changed (${(cause as TlogError).message})`, cause);
  }
  const [first, line = ''] = text.split('\n');
  if (first !== heading) throw invalid('it is signed as something else');
  return line;
}

/** The line of a note whose signature cannot be checked yet, for finding out with which key. Nothing of it is to be believed. */
export const unverifiedLine = (note: string): string => note.split('\n')[1] ?? '';
