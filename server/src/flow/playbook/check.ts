import { playbookFaults, readPlaybook } from '#flow/plan';
import type { ToolCatalogue } from '#flow/tool';
import { fieldLines } from '#trust/vault';

/** Something wrong with a playbook, in words, and the line of the note that it stands on; null where it is about the whole. */
export interface LineFault {
  readonly text: string;
  readonly line: number | null;
}

/** A playbook as somebody writes it. */
export interface CheckedPlaybook {
  readonly title: string;
  readonly faults: readonly LineFault[];
  /** What is read of it; null while its front matter has not the form of a playbook. */
  readonly read: NonNullable<ReturnType<typeof readPlaybook>>['written'];
  readonly playbook: NonNullable<ReturnType<typeof readPlaybook>>['playbook'];
}

/** Everything that is wrong with a note as a playbook, before any event comes. Never throws. */
export function checkPlaybook(note: { readonly path: string; readonly content: string }, catalogue: ToolCatalogue): CheckedPlaybook {
  const found = readPlaybook(note);
  if (found === null)
    return {
      ...{ title: note.path, read: null, playbook: null },
      faults: [
        { text: 'There is no front matter: a playbook begins with a line of three dashes, its fields, and another such line.', line: 1 },
      ],
    };
  // Reading it again for its lines is worth it only where something is wrong.
  let lines: ReturnType<typeof fieldLines> | undefined;
  const lineOf: ReturnType<typeof fieldLines> = (at) => {
    lines ??= fieldLines(note.content);
    return lines(at);
  };
  const written = found.faults.map(({ text, at }) => ({ text, line: lineInWords(text) ?? lineOf(at) }));
  const steps = found.playbook === null ? [] : playbookFaults(found.playbook, catalogue);
  const faults = [...written, ...steps.map(({ text, step }) => ({ text, line: lineOf(step === null ? ['steps'] : ['steps', step]) }))];
  return { title: found.title, faults, read: found.written, playbook: found.playbook };
}

/** What the reader of YAML says itself: "... at line 3, column 5". */
function lineInWords(text: string): number | null {
  const line = /^The front matter is not valid YAML: .* at line (\d{1,6})\b/.exec(text)?.[1];
  return line === undefined ? null : Number(line);
}
