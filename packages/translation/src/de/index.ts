import { shownIn } from '../format.ts';
import type { Args } from '../tool-words.ts';
import { tools } from './tools.ts';

export { amountIn } from '../format.ts';
export type { Args } from '../tool-words.ts';
export { tools } from './tools.ts';

/** What a call would do, in one line of German. @returns null for a tool that is not ours, or a value that is not what it should be */
export const headline = (locale: string, tool: string, args: Args): string | null =>
  (Object.hasOwn(tools, tool) ? tools[tool] : undefined)?.headline(shownIn(locale, args)) ?? null;
