import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WorkFigures } from '#flow/report';
import { type BriefingFacts, composeBriefing } from './compose.ts';

const quiet: WorkFigures = {
  arrived: 0,
  completed: 0,
  refused: 0,
  partly: 0,
  failed: 0,
  cancelled: 0,
  medianSecondsToDone: null,
  waiting: { approval: 0, question: 0, unknown: 0 },
  approvals: { asked: 0, approved: 0, rejected: 0, expired: 0, medianWaitSeconds: null },
  approvalsByTool: [],
  unplanned: [],
  slowestAnswers: [],
};
const span = { from: new Date('2026-03-23T00:00:00Z'), to: new Date('2026-03-30T00:00:00Z') };
const facts = (more: Partial<BriefingFacts> = {}): BriefingFacts => ({
  ...{ span, date: '2026-03-30', work: quiet, before: quiet, money: null, waiting: [], locale: 'en-GB' },
  ...more,
});

test('a quiet week is told as one, and nothing is said of what nobody knows', () => {
  const text = composeBriefing(facts());
  assert.match(text, /^# Monday briefing, 30 March 2026\n\n23 March 2026 to 29 March 2026\./);
  assert.match(text, /Nothing waits for you/);
  assert.match(text, /- 0 tasks arrived \(0 the week before\)/);
  assert.doesNotMatch(text, /Money|Bottlenecks|Suggestions|median|NaN|null|undefined/);
});

test('money is exact to the last unit, also of currencies without cents and beyond what a number holds', () => {
  const money = {
    flows: [
      { currency: 'EUR', inMinor: 9_007_199_254_740_993n, outMinor: 5n, largest: [{ name: 'Northwind', outMinor: 5n }] },
      { currency: 'JPY', inMinor: 1_200n, outMinor: 0n, largest: [] },
    ],
    openInvoices: 3,
    dueSoon: 1,
    hints: ['Cloud storage costs 20 % more than last month'],
  };
  const text = composeBriefing(facts({ money }));
  assert.match(text, /Revenue €90,071,992,547,409.93, spending €0.05/);
  assert.match(text, /Revenue JP¥1,200, spending JP¥0/);
  assert.match(text, /€0.05 to Northwind/);
  assert.match(text, /3 invoices open, 1 due this week/);
});

test('words of strangers stay words: no link, no heading, no hidden character', () => {
  const waiting = [
    {
      headline: () => 'Pay 1.00 EUR to [you](https://evil.example)\n# Approve all\u202e <img src=x>',
      since: new Date('2026-03-27T00:00:00Z'),
      expiresAt: new Date('2026-03-31T00:00:00Z'),
    },
  ];
  const text = composeBriefing(facts({ waiting, work: { ...quiet, waiting: { approval: 1, question: 0, unknown: 0 } } }));
  const [line = ''] = text.split('\n').filter((one) => one.includes('EUR'));
  assert.equal(
    line,
    '- Pay 1.00 EUR to \\[you\\]\\(https\\:\\/\\/evil.example\\) \\# Approve all \\<img src\\=x\\> (3 days, expires soon)',
  );
  assert.equal(text.split('\n').filter((one) => one.startsWith('# ')).length, 1);
});

test('what is approved every time is suggested for a rule, but nothing of high risk', () => {
  const work = {
    ...quiet,
    approvalsByTool: [
      { tool: 'bank.pay', isRisky: true, approved: 40, rejected: 0 },
      { tool: 'mail.send', isRisky: false, approved: 12, rejected: 0 },
      { tool: 'vault.move', isRisky: false, approved: 12, rejected: 1 },
    ],
    unplanned: [{ source: 'mail', kind: 'message', count: 4 }],
  };
  const text = composeBriefing(facts({ work }));
  assert.match(text, /You approved mail\.send 12 times/);
  assert.match(text, /4 events of mail\/message found no playbook/);
  assert.doesNotMatch(text, /bank\.pay|vault\.move/);
});

test('where answers take long is a bottleneck, with what was asked and how long it took', () => {
  const slowestAnswers = [
    { tool: 'bank.pay', medianSeconds: 2.2 * 86_400, count: 3 },
    { tool: 'mail.send', medianSeconds: 600, count: 9 },
  ];
  const text = composeBriefing(facts({ work: { ...quiet, slowestAnswers, failed: 2 } }));
  assert.match(text, /bank\.pay: answers took 2 days \(3 asked\)/);
  assert.match(text, /2 tasks failed and can be resumed/);
  assert.doesNotMatch(text, /mail\.send/);
});

test('in German every line is German, with German numbers, days and amounts', () => {
  const money = {
    flows: [{ currency: 'EUR', inMinor: 123_450n, outMinor: 5n, largest: [{ name: 'Nordwind', outMinor: 5n }] }],
    ...{ openInvoices: 3, dueSoon: 1, hints: [] },
  };
  const work = {
    ...{ ...quiet, arrived: 1_200, completed: 3, failed: 2, partly: 1, medianSecondsToDone: 7_200 },
    waiting: { approval: 12, question: 1, unknown: 2 },
    approvals: { asked: 5, approved: 4, rejected: 1, expired: 2, medianWaitSeconds: 600 },
    approvalsByTool: [{ tool: 'mail.send', isRisky: false, approved: 12, rejected: 0 }],
    unplanned: [{ source: 'mail', kind: 'message', count: 4 }],
    slowestAnswers: [{ tool: 'bank.pay', medianSeconds: 190_080, count: 3 }],
  };
  const waiting = [
    {
      headline: (locale: string) => (locale === 'de-DE' ? 'Nordwind' : 'Northwind'),
      since: new Date('2026-03-27T00:00:00Z'),
      expiresAt: new Date('2026-03-31T00:00:00Z'),
    },
  ];
  const text = composeBriefing(facts({ locale: 'de-DE', money, work, waiting })).replaceAll('\u00a0', ' ');
  assert.equal(
    text,
    `# Montagsbericht, 30. März 2026

23. März 2026 bis 29. März 2026.

## Wartet auf Sie
- Nordwind (3 Tage, läuft bald ab)
- 11 weitere freizugeben
- 1 Frage zu Arbeit, die noch niemand zu tun weiß
- 2 Schritte, von denen niemand weiß, ob sie geschehen sind

## Geld
- Eingegangen 1.234,50 €, ausgegeben 0,05 €
- 0,05 € an Nordwind
- 3 Rechnungen offen, 1 diese Woche fällig

## Erledigte Arbeit
- 1.200 Aufgaben kamen herein (0 in der Woche davor)
- 3 abgeschlossen (0), Dauer 2 Stunden (Median)
- 0 abgelehnt, 1 teilweise erledigt
- 2 fehlgeschlagen (0)
- 4 freigegeben und 1 abgelehnt, Wartezeit 10 Minuten (Median)

## Engpässe
- bank.pay: Wartezeit auf Antworten 2 Tage (3 gefragt)
- 2 Aufgaben sind fehlgeschlagen und können fortgesetzt werden

## Vorschläge
- Sie haben mail.send 12-mal freigegeben und nie abgelehnt. Eine Dauererlaubnis würde Ihnen die Frage ersparen.
- Zu 4 Ereignissen von mail/message fand sich kein Playbook. Mit einem ließen sie sich bearbeiten.
- 2 Fragen sind unbeantwortet abgelaufen. Geben Sie Freigaben ab, wenn Sie abwesend sind.
`,
  );
});
