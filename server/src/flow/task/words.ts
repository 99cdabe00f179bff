import type { TenantKeys } from '#trust/key';

/** Words of a title and of a sender that can be found: the rest of a very long line cannot. */
const titleWordsMax = 16;
const senderWordsMax = 8;
/** Words that a search looks for. */
const queryWordsMax = 8;
/** 2^32 milliseconds, about 50 days: the upper twelve bits of an id's time. */
const segmentDigits = 3;

/** Which row of `task_word` belongs to what: the segment that a task lies in, and the numbers of its words. */
export interface TaskWords {
  readonly segment: number;
  readonly words: readonly number[];
}

/** What a task can be found by: the words of its title and sender, and its source, each as 32 bits of a MAC. */
export function taskWords(
  keys: TenantKeys,
  task: { readonly taskId: string; readonly source: string; readonly title: string; readonly from?: string | undefined },
): TaskWords {
  const named = [...foldedWords(task.title).slice(0, titleWordsMax), ...foldedWords(task.from ?? '').slice(0, senderWordsMax)];
  const numbers = named.map((word) => wordNumber(keys, word));
  return { segment: segmentOf(task.taskId), words: [...new Set([...numbers, sourceNumber(keys, task.source)])] };
}

/** What somebody looks for, as numbers; empty where there is no word in it. */
export const queryNumbers = (keys: TenantKeys, text: string): number[] =>
  foldedWords(text)
    .slice(0, queryWordsMax)
    .map((word) => wordNumber(keys, word));

/** A source is found as a word is. It has a domain of its own, so that no title can look like it. */
export const sourceNumber = (keys: TenantKeys, source: string): number => keys.mac('task.source', source).readInt32BE();

const wordNumber = (keys: TenantKeys, word: string): number => keys.mac('task.word', word).readInt32BE();

/** The 50 days that the id was made in. */
export const segmentOf = (taskId: string): number => Number.parseInt(taskId.slice(4, 4 + segmentDigits), 16);

/** The different words of a text, without case and accents. Single letters and digits find too much to be of use. */
const foldedWords = (text: string): string[] => [
  ...new Set(
    (
      text
        .normalize('NFKD')
        .replaceAll(/\p{M}/gu, '')
        .toLowerCase()
        .match(/[\p{L}\p{N}]+/gu) ?? []
    ).filter(isTelling),
  ),
];

/** Where words are not written apart, one sign may be one. */
const isTelling = (word: string): boolean => word.length > 1 || /[^\0-\x7f]/.test(word);
