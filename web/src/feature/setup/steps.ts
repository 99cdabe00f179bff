import type { Settings } from '../../api/tenancy.ts';

/** The questions in their order. */
export const questions = ['about', 'mail', 'model', 'people'] as const;
export type Question = (typeof questions)[number];
export type SetupStep = Settings['setup'];

/** What comes after a question, or before it: the next one, or the end. */
export const stepAfter = (question: Question): SetupStep => questions[questions.indexOf(question) + 1] ?? 'done';
export const stepBefore = (question: Question): Question | null => questions[questions.indexOf(question) - 1] ?? null;
