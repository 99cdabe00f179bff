/** The thread that has the indexes: it knows words and ids, no keys, no database, no settings. */
import { parentPort } from 'node:worker_threads';
import type { OpenedNote, RankedNote, Work, WorkAnswer, WorkRequest } from './message.ts';
import { createNoteIndex, type Hit, type NoteIndex, TooLarge } from './note-index.ts';
import { foldText, type Query } from './query.ts';
import { type Snippet, snippetOf } from './snippet.ts';
import { type Turn, takeTurns } from './turn.ts';

const indexes = new Map<number, NoteIndex>();

parentPort?.on('message', async (request: WorkRequest) => {
  const { id } = request;
  const answer: WorkAnswer = await perform(request).then(
    (result) => ({ id, result }),
    (error: unknown) => ({ id, failure: error instanceof Error ? error.message : 'unknown', reason: reasonOf(error) }),
  );
  parentPort?.postMessage(answer);
});

async function perform(request: WorkRequest): Promise<ReturnType<Work[keyof Work]>> {
  const turn = takeTurns();
  switch (request.work) {
    case 'open':
      indexes.set(request.input.index, createNoteIndex(request.input.bytesMax));
      return null;
    case 'apply': {
      const { removed, written } = request.input;
      const index = indexOf(request.input.index);
      for (const { noteId, path } of removed) if (index.noteOf(noteId)?.path === path) index.remove(noteId);
      for (const note of written) await index.put(note, turn);
      return index.bytes();
    }
    case 'rank': {
      const { query, from, count } = request.input;
      const index = indexOf(request.input.index);
      return rank(index, query)
        .slice(from, from + count)
        .map(([noteId, hit]) => present(index, noteId, hit));
    }
    case 'excerpt':
      return excerpts(request.input.notes, request.input.phrases, turn);
    case 'linking': {
      const index = indexOf(request.input.index);
      return index
        .linksTo(request.input.name)
        .slice(0, request.input.count)
        .map((noteId) => ({ noteId, title: index.noteOf(noteId)?.title ?? '', chars: index.noteOf(noteId)?.chars ?? 0 }));
    }
    case 'drop':
      indexes.delete(request.input.index);
      return null;
  }
}

class Gone extends Error {}

const reasonOf = (error: unknown) => (error instanceof Gone ? 'gone' : error instanceof TooLarge ? 'too_large' : undefined);

function indexOf(number: number): NoteIndex {
  const index = indexes.get(number);
  if (index === undefined) throw new Gone('there is no such index');
  return index;
}

function present(index: NoteIndex, noteId: string, { terms }: Hit): RankedNote {
  const { title, chars } = index.noteOf(noteId) ?? { title: '', chars: 0 };
  return { noteId, title, terms: [...terms], chars };
}

async function excerpts(notes: readonly OpenedNote[], phrases: readonly string[], turn: Turn): Promise<(Snippet | null)[]> {
  const cut: (Snippet | null)[] = [];
  for (const { content, terms } of notes) {
    await turn();
    cut.push(hasAll(content, phrases) ? snippetOf(content, [...phrases, ...terms]) : null);
  }
  return cut;
}

function hasAll(content: string, phrases: readonly string[]): boolean {
  if (phrases.length === 0) return true;
  const folded = foldText(content).replace(/ +/g, ' ');
  return phrases.every((phrase) => folded.includes(phrase));
}

/** The notes that have everything that is asked for, the best first. */
function rank(index: NoteIndex, { words, titleWords, folders }: Query): [string, Hit][] {
  const found = [
    ...words.map((word) => index.find(word, { onlyTitle: false })),
    ...titleWords.map((word) => index.find(word, { onlyTitle: true })),
  ];
  const lists =
    found.length > 0
      ? found
      : folders.length > 0
        ? [new Map([...index.all()].map(([id]) => [id, { score: 0, terms: new Set<string>() }]))]
        : [];
  const [smallest, ...others] = lists.sort((one, other) => one.size - other.size);
  if (smallest === undefined) return [];
  const starts = folders.map((folder) => foldText(`${folder}/`));
  const ranked: [string, Hit][] = [];
  for (const [noteId, hit] of smallest) {
    const hits = others.map((list) => list.get(noteId));
    if (hits.includes(undefined)) continue;
    if (starts.length > 0) {
      const path = foldText(index.noteOf(noteId)?.path ?? '');
      if (!starts.some((start) => path.startsWith(start))) continue;
    }
    const all = [hit, ...hits.flatMap((one) => one ?? [])];
    ranked.push([
      noteId,
      { score: all.reduce((sum, { score }) => sum + score, 0), terms: new Set(all.flatMap(({ terms }) => [...terms])) },
    ]);
  }
  return ranked.sort(([oneId, one], [otherId, other]) => other.score - one.score || (oneId < otherId ? -1 : 1));
}
