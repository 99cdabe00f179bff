import assert from 'node:assert/strict';
import { test } from 'node:test';
import { amountIn, headline } from './index.ts';

const say = (tool: string, args: Readonly<Record<string, string>>, locale = 'de-DE') => headline(locale, tool, (name) => args[name] ?? '');
const payment = { amountMinor: '1,240.00 EUR', creditor: 'Northwind, Inc.' };

test('a payment is said in German, with the amount and the day of the place, and the payee as they wrote it', () => {
  assert.equal(say('bank.pay', payment), '1.240,00 EUR an Northwind, Inc. zahlen');
  assert.match(say('bank.pay', payment, 'de-CH') ?? '', /^1['’]240\.00 EUR an Northwind, Inc\. zahlen$/);
  assert.equal(say('bank.pay', { ...payment, executeOn: '2026-03-01' }), '1.240,00 EUR an Northwind, Inc. zahlen, am 1. März 2026');
  assert.equal(say('bank.pay_collective', { amountMinor: '30.5 BHD' }), '30,5 BHD an mehrere Empfänger zahlen');
});

test('a time is said by the clock that it was given in, with that clock', () => {
  const start = { title: 'Besuch', start: '2026-03-01T09:30:00+01:00' };
  assert.equal(say('calendar.create', start), 'Besuch am 1. März 2026 um 09:30 (UTC+01:00) in den Kalender eintragen');
  assert.equal(say('calendar.move', { start: '2026-03-01T09:30:00Z' }), 'Einen Termin auf den 1. März 2026 um 09:30 (UTC) verschieben');
  assert.equal(say('calendar.move', { start: '2026-03-01' }), 'Einen Termin auf den 1. März 2026 verschieben');
  assert.equal(say('briefing.compose', { date: 'bald' }), 'Den Bericht vom bald schreiben', 'what is no time stays as it is');
});

test('what cannot be said, and what is not ours, is left to the English line', () => {
  assert.equal(say('bank.pay', { creditor: 'Northwind' }), null);
  assert.equal(say('mcp.acme.ship', { to: 'here' }), null);
  assert.equal(say('constructor', {}), null);
});

test('only the signs of an amount change, never its digits', () => {
  assert.equal(amountIn('de-DE', '1,234,567 JPY'), '1.234.567 JPY');
  assert.equal(amountIn('de-AT', '0.05 HUF'), '0,05 HUF');
});
