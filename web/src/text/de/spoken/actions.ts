/** What our own tools are called, what follows from them, and how each of their calls is said in one line. */
export interface ToolWords {
  readonly title: string;
  readonly consequence: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Of the arguments as they are shown. Null: what the server says stays, because a value is not what it should be. */
  readonly headline: (args: Args) => string | null;
}

/** An argument as a text, "" where there is none. */
export type Args = (name: string) => string;

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

/** "2026-03-01T09:00:00" as "2026-03-01 09:00". */
const minute = (at: string) => at.replace('T', ' ').slice(0, 16);
/** "1,240.00 EUR" as "1.240,00 EUR". */
export const germanAmount = (shown: string) => shown.replace(/[.,]/g, (sign) => (sign === '.' ? ',' : '.'));

export const tools: Readonly<Record<string, ToolWords>> = {
  'bank.categorise': {
    title: 'Sagen, wofür ein Umsatz war',
    consequence: 'Die Kategorie wird in Ihren Büchern vermerkt. Gelernt wird daraus nichts, bevor Sie sie bestätigen.',
    fields: { transaction: 'Umsatz', category: 'Kategorie' },
    headline: (args) => `${args('transaction')} als ${args('category')} einordnen`,
  },
  'bank.invoice': {
    title: 'Rechnung lesen',
    consequence: 'Was auf der Rechnung steht, kommt in Ihre Bücher. Nichts wird bezahlt.',
    fields: { text: 'Text der Rechnung', document: 'Dokument' },
    headline: (args) => `Die Rechnung ${args('document')} lesen`.replace('  ', ' '),
  },
  'bank.match': {
    title: 'Finden, was eine Rechnung bezahlt',
    consequence:
      'In Ihren Büchern wird nachgesehen, wo Rechnungen und Zahlungen bei jedem Eingang verglichen werden. Nichts wird geändert.',
    fields: { invoice: 'Rechnung' },
    headline: (args) => `Finden, was die Rechnung ${args('invoice')} bezahlt`,
  },
  'bank.pay': {
    title: 'Zahlen',
    consequence: order,
    fields: payment,
    headline: (args) =>
      args('amountMinor') === ''
        ? null
        : `${germanAmount(args('amountMinor'))} an ${args('creditor')} zahlen${args('executeOn') === '' ? '' : `, am ${args('executeOn')}`}`,
  },
  'bank.pay_collective': {
    title: 'Mehrere zahlen',
    consequence: order,
    fields: { ...payment, payments: 'Zahlungen', amountMinor: 'Summe' },
    headline: () => null,
  },
  'briefing.compose': {
    title: 'Den Bericht schreiben',
    consequence: nothing,
    fields: { date: 'Woche vor' },
    headline: (args) => `Den Bericht vom ${args('date')} schreiben`,
  },
  'briefing.mail': {
    title: 'Den Bericht an die Inhaber senden',
    consequence: 'Die Inhaber dieses Mandanten bekommen ihn per E-Mail. Sonst niemand.',
    fields: { date: 'Woche vor' },
    headline: (args) => `Den Bericht vom ${args('date')} an die Inhaber senden`,
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
    headline: (args) => `${args('title')} am ${minute(args('start'))} in den Kalender eintragen`,
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
    headline: (args) => `${args('durationMinutes')} freie Minuten finden`,
  },
  'calendar.hold': {
    title: 'Eine Zeit freihalten',
    consequence:
      'Die Zeit ist in Ihrem eigenen Kalender freigehalten, drei Tage lang, wenn nichts anderes gesagt ist. Niemand wird eingeladen.',
    fields: appointment,
    headline: (args) => `${minute(args('start'))} für ${args('title')} freihalten`,
  },
  'calendar.invite': {
    title: 'Zu einem Termin einladen',
    consequence:
      'Der Termin steht in Ihrem Kalender, und die Eingeladenen bekommen eine Einladung. Er lässt sich absagen, nicht zurückholen.',
    fields: appointment,
    headline: (args) => `${args('attendees')} zu ${args('title')} am ${minute(args('start'))} einladen`,
  },
  'calendar.move': {
    title: 'Einen Termin verschieben',
    consequence:
      'Er wird in Ihrem Kalender verschoben, und die Eingeladenen erfahren es. Bei einer ganzen Reihe rückt jeder Termin, auch die vergangenen; was jemand woandershin gelegt hat, bleibt dort. Wird es zurückgenommen, rückt er zurück, und dieselben erfahren es.',
    fields: { ...appointment, start: 'Neuer Beginn' },
    headline: (args) => (args('scope') === 'series' ? null : `Einen Termin auf ${minute(args('start'))} verschieben`),
  },
  'calendar.respond': {
    title: 'Eine Einladung beantworten',
    consequence: 'Wer einlädt, erfährt es, und was zugesagt ist, steht in Ihrem Kalender.',
    fields: { ...appointment, event: 'Einladung', answer: 'Antwort', notes: 'Was gesagt wird' },
    headline: (args) =>
      `Eine Einladung beantworten: ${{ accepted: 'zusagen', declined: 'absagen', tentative: 'mit Vorbehalt' }[args('answer')] ?? args('answer')}`,
  },
  'mail.draft': {
    title: 'Eine E-Mail entwerfen',
    consequence: 'Der Entwurf liegt in Drafts/ und bei den Entwürfen des Postfachs. Nichts wird gesendet.',
    fields: mail,
    headline: (args) => `Eine E-Mail an ${args('to')} entwerfen`,
  },
  'mail.reply': { title: 'Auf eine E-Mail antworten', consequence: leaves, fields: mail, headline: (args) => `${args('to')} antworten` },
  'mail.send': {
    title: 'Eine E-Mail senden',
    consequence: leaves,
    fields: mail,
    headline: (args) => `Eine E-Mail an ${args('to')} senden`,
  },
  'mail.send_files': {
    title: 'Eine E-Mail mit Dateien senden',
    consequence: leaves,
    fields: mail,
    headline: (args) => `Dateien an ${args('to')} senden`,
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
    headline: (args) => `${args('from')} nach ${args('to')} verschieben`,
  },
  'vault.read': {
    title: 'Eine Notiz lesen',
    consequence: nothing,
    fields: { path: 'Notiz' },
    headline: (args) => `${args('path')} lesen`,
  },
  'vault.write': {
    title: 'Eine Notiz schreiben',
    consequence: 'Die Notiz wird in Ihrer Ablage geschrieben. Frühere Fassungen bleiben.',
    fields: { path: 'Notiz', content: 'Text' },
    headline: (args) => `Die Notiz ${args('path')} schreiben`,
  },
};
