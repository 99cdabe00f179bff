import type { ReadMoney } from '#connector/briefing';

/** What the briefing knows of money. */
export const readMoney: ReadMoney = async () => null;
