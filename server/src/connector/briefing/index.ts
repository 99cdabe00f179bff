/** The door to the briefing: the week before, written for the owners. */
export type { CurrencyFlow, MoneyFigures, ReadMoney } from './money.ts';
export { type BriefingDeps, briefingTools } from './tools.ts';
