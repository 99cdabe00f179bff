import type { Shown, ToolWords } from '../tool-words.ts';

const nothing = 'Nichts wird geändert.';
const order =
  'Ein Zahlungsauftrag für Ihre Bank wird in den Ausgang geschrieben. Hat die Bank ihn angenommen, lässt er sich nicht zurückholen.';
const leaves = 'Die E-Mail geht über das Postfach hinaus, oder über den Ausgang, wo es keines gibt. Sie lässt sich nicht zurückholen.';
const mail = {
  to: 'An',
  cc: 'Kopie an',
  subject: 'Betreff',
  text: 'Text',
  inReplyTo: 'Antwort auf',
  attachments: 'Anhänge',
  quote: 'Mit der E-Mail darunter',
};
const appointment = {
  title: 'Titel',
  start: 'Beginn',
  durationMinutes: 'Minuten',
  location: 'Ort',
  notes: 'Notizen',
  calendar: 'Kalender',
  reminderMinutes: 'Erinnerung, Minuten vorher',
  attendees: 'Eingeladen',
  expiresInHours: 'Stunden, bis sie wieder frei ist',
  event: 'Termin',
  occurrence: 'Welcher einer Reihe',
  scope: 'Einer oder die ganze Reihe',
};
const payment = {
  creditor: 'Empfänger',
  iban: 'Konto (IBAN)',
  amountMinor: 'Betrag',
  currency: 'Währung',
  reference: 'Verwendungszweck',
  creditorReference: 'Gläubigerreferenz',
  executeOn: 'Am',
  invoice: 'Rechnung',
  basis: 'Gelesen aus',
};

const pay = (args: Shown, payee: string): string | null =>
  args.text('amountMinor') === ''
    ? null
    : `${args.amount('amountMinor')} an ${payee} zahlen${args.text('executeOn') === '' ? '' : `, am ${args.time('executeOn')}`}`;

/** What our own tools are called, what follows from them, and how each of their calls is said in one line. */
export const tools: Readonly<Record<string, ToolWords>> = {
  'bank.categorise': {
    title: 'Sagen, wofür ein Umsatz war',
    consequence: 'Die Kategorie wird in Ihren Büchern vermerkt. Gelernt wird daraus nichts, bevor Sie sie bestätigen.',
    fields: { transaction: 'Umsatz', category: 'Kategorie' },
    headline: (args) => `${args.text('transaction')} als ${args.text('category')} einordnen`,
  },
  'bank.invoice': {
    title: 'Rechnung lesen',
    consequence: 'Was auf der Rechnung steht, kommt in Ihre Bücher. Nichts wird bezahlt.',
    fields: { text: 'Text der Rechnung', document: 'Dokument' },
    headline: (args) => `Die Rechnung ${args.text('document')} lesen`.replace('  ', ' '),
  },
  'bank.match': {
    title: 'Finden, was eine Rechnung bezahlt',
    consequence:
      'In Ihren Büchern wird nachgesehen, wo Rechnungen und Zahlungen bei jedem Eingang verglichen werden. Nichts wird geändert.',
    fields: { invoice: 'Rechnung' },
    headline: (args) => `Finden, was die Rechnung ${args.text('invoice')} bezahlt`,
  },
  'bank.pay': {
    title: 'Zahlen',
    consequence: order,
    fields: payment,
    headline: (args) => (args.text('creditor') === '' ? null : pay(args, args.text('creditor'))),
  },
  'bank.pay_collective': {
    title: 'Mehrere zahlen',
    consequence: order,
    fields: { ...payment, payments: 'Zahlungen', amountMinor: 'Summe' },
    part: 'Zahlung',
    headline: (args) => pay(args, 'mehrere Empfänger'),
  },
  'briefing.compose': {
    title: 'Den Bericht schreiben',
    consequence: nothing,
    fields: { date: 'Woche vor' },
    headline: (args) => `Den Bericht vom ${args.time('date')} schreiben`,
  },
  'briefing.mail': {
    title: 'Den Bericht an die Inhaber senden',
    consequence: 'Die Inhaber dieses Mandanten bekommen ihn per E-Mail. Sonst niemand.',
    fields: { date: 'Woche vor' },
    headline: (args) => `Den Bericht vom ${args.time('date')} an die Inhaber senden`,
  },
  'calendar.cancel': {
    title: 'Einen Termin absagen',
    consequence: 'Der Termin wird in Ihrem Kalender abgesagt, und die Eingeladenen erfahren es.',
    fields: { ...appointment, notes: 'Was den anderen gesagt wird' },
    headline: () => 'Einen Termin absagen',
  },
  'calendar.create': {
    title: 'Einen Termin anlegen',
    consequence: 'Der Termin steht in Ihrem eigenen Kalender. Niemand wird eingeladen.',
    fields: appointment,
    headline: (args) => `${args.text('title')} am ${args.time('start')} in den Kalender eintragen`,
  },
  'calendar.find_slot': {
    title: 'Eine freie Zeit finden',
    consequence: nothing,
    fields: {
      durationMinutes: 'Minuten',
      from: 'Von',
      until: 'Bis',
      people: 'Personen',
      stepMinutes: 'Beginnt bei Vielfachen von Minuten',
      most: 'Höchstens',
    },
    headline: (args) => `${args.text('durationMinutes')} freie Minuten finden`,
  },
  'calendar.hold': {
    title: 'Eine Zeit freihalten',
    consequence:
      'Die Zeit ist in Ihrem eigenen Kalender freigehalten, drei Tage lang, wenn nichts anderes gesagt ist. Niemand wird eingeladen.',
    fields: appointment,
    headline: (args) => `Für ${args.text('title')} freihalten: ${args.time('start')}`,
  },
  'calendar.invite': {
    title: 'Zu einem Termin einladen',
    consequence:
      'Der Termin steht in Ihrem Kalender, und die Eingeladenen bekommen eine Einladung. Er lässt sich absagen, nicht zurückholen.',
    fields: appointment,
    headline: (args) => `${args.text('attendees')} zu ${args.text('title')} am ${args.time('start')} einladen`,
  },
  'calendar.move': {
    title: 'Einen Termin verschieben',
    consequence:
      'Er wird in Ihrem Kalender verschoben, und die Eingeladenen erfahren es. Bei einer ganzen Reihe rückt jeder Termin, auch die vergangenen; was jemand woandershin gelegt hat, bleibt dort. Wird es zurückgenommen, rückt er zurück, und dieselben erfahren es.',
    fields: { ...appointment, start: 'Neuer Beginn' },
    headline: (args) =>
      args.text('scope') === 'series'
        ? `Eine ganze Reihe verschieben: ${args.text('occurrence') === '' ? 'ihren ersten Termin' : `den vom ${args.time('occurrence')}`} auf den ${args.time('start')}, alle anderen um ebenso viel`
        : `Einen Termin auf den ${args.time('start')} verschieben`,
  },
  'calendar.respond': {
    title: 'Eine Einladung beantworten',
    consequence: 'Wer einlädt, erfährt es, und was zugesagt ist, steht in Ihrem Kalender.',
    fields: { ...appointment, event: 'Einladung', answer: 'Antwort', notes: 'Was gesagt wird' },
    headline: (args) =>
      `Eine Einladung beantworten: ${{ accepted: 'zusagen', declined: 'absagen', tentative: 'mit Vorbehalt' }[args.text('answer')] ?? args.text('answer')}`,
  },
  'mail.draft': {
    title: 'Eine E-Mail entwerfen',
    consequence: 'Der Entwurf liegt in Drafts/ und bei den Entwürfen des Postfachs. Nichts wird gesendet.',
    fields: mail,
    headline: (args) => `Eine E-Mail an ${args.text('to')} entwerfen`,
  },
  'mail.reply': {
    title: 'Auf eine E-Mail antworten',
    consequence: leaves,
    fields: mail,
    headline: (args) => `${args.text('to')} antworten`,
  },
  'mail.send': {
    title: 'Eine E-Mail senden',
    consequence: leaves,
    fields: mail,
    headline: (args) => `Eine E-Mail an ${args.text('to')} senden`,
  },
  'mail.send_files': {
    title: 'Eine E-Mail mit Dateien senden',
    consequence: leaves,
    fields: mail,
    headline: (args) => `Dateien an ${args.text('to')} senden`,
  },
  'text.classify': {
    title: 'Einen Text einordnen',
    consequence: nothing,
    fields: { text: 'Text', labels: 'Begriffe und ihre Wörter' },
    headline: () => 'Den Text einordnen',
  },
  'vault.move': {
    title: 'Eine Notiz verschieben',
    consequence: 'Die Notiz liegt an ihrem neuen Ort; ihr Verlauf geht mit.',
    fields: { from: 'Von', to: 'Nach' },
    headline: (args) => `${args.text('from')} nach ${args.text('to')} verschieben`,
  },
  'vault.read': {
    title: 'Eine Notiz lesen',
    consequence: nothing,
    fields: { path: 'Notiz' },
    headline: (args) => `${args.text('path')} lesen`,
  },
  'vault.write': {
    title: 'Eine Notiz schreiben',
    consequence: 'Die Notiz wird in Ihrer Ablage geschrieben. Frühere Fassungen bleiben.',
    fields: { path: 'Notiz', content: 'Text' },
    headline: (args) => `Die Notiz ${args.text('path')} schreiben`,
  },
};
