/** What of the money is shown below the accounts. */
export const moneyViews = ['transactions', 'invoices', 'hints', 'rules'] as const;
export type MoneyView = (typeof moneyViews)[number];
