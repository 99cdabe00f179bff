/** Accounts and transactions as Plaid's API writes them (version 2020-09-14), with what a test says of them. */

let made = 0;

export const plaidAccount = (change: object = {}) => ({
  account_id: 'acc1',
  balances: { available: 100, current: 110.25, limit: null, iso_currency_code: 'USD', unofficial_currency_code: null },
  ...{ mask: '0000', name: 'Checking', official_name: null, subtype: 'checking', type: 'depository' },
  ...change,
});

export const plaidTransaction = (change: object = {}) => {
  made += 1;
  return {
    ...{ account_id: 'acc1', transaction_id: `trx${made}`, pending_transaction_id: null, pending: false },
    ...{ amount: 10, iso_currency_code: 'USD', unofficial_currency_code: null, date: '2026-03-02', authorized_date: null },
    ...{ name: 'Coffee', merchant_name: null, payment_channel: 'online', counterparties: [] },
    ...change,
  };
};
