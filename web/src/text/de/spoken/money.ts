import { sayer } from './sentence.ts';

/** Why a payment is taken for that of an invoice. */
const matches = {
  'The amount is the same: {amount}.': 'Der Betrag stimmt: {1}.',
  'It is {amount}, changed into {amount}.': 'Es sind {1}, umgerechnet in {2}.',
  'The amount is {amount} less {number} % discount.': 'Der Betrag ist {1} abzüglich {2} % Skonto.',
  "The amount differs by the bank's charges of {amount}.": 'Der Betrag weicht um die Bankgebühren von {1} ab.',
  'The amount is {amount} more than {amount}.': 'Der Betrag ist um {1} höher als {2}.',
  'The amount is {amount} less than {amount}.': 'Der Betrag ist um {1} niedriger als {2}.',
  'A part: {amount} of {amount}.': 'Ein Teil: {1} von {2}.',
  'More than is open: {amount}, and open are {amount}.': 'Mehr, als offen ist: {1}, und offen sind {2}.',
  'It names the reference {text}.': 'Die Referenz {1} ist genannt.',
  'It names the number {text}.': 'Die Nummer {1} ist genannt.',
  'It names {text}, which stands in the invoice.': '{1} ist genannt und steht in der Rechnung.',
  'The account is the one in the invoice.': 'Es ist das Konto aus der Rechnung.',
  'The account is another than the one in the invoice.': 'Es ist ein anderes Konto als in der Rechnung.',
  'The name is {text}.': 'Der Name ist {1}.',
  'The name "{text}" has words of {text}.': 'Der Name „{1}“ hat Wörter mit {2} gemeinsam.',
  'The name "{text}" is another than {text}.': 'Der Name „{1}“ ist ein anderer als {2}.',
  'It was paid on {day}, before the invoice of {day}.': 'Gezahlt wurde am {1}, vor der Rechnung vom {2}.',
  'It was paid on {day}, in time.': 'Gezahlt wurde am {1}, rechtzeitig.',
  'It was paid on {day}, late.': 'Gezahlt wurde am {1}, verspätet.',
  'It was paid on {day}, long after {day}.': 'Gezahlt wurde am {1}, lange nach dem {2}.',
  'With {number} more it is {amount} exactly.': 'Mit {1} weiteren sind es genau {2}.',
  'With {number} more it is {amount} exactly. Other invoices would add up as well.':
    'Mit {1} weiteren sind es genau {2}. Auch andere Rechnungen ergäben diese Summe.',
};

/** What is doubtful about an invoice. */
const doubts = {
  'The amount was not found.': 'Der Betrag wurde nicht gefunden.',
  'The number was not found.': 'Die Nummer wurde nicht gefunden.',
  'Who it is from was not found.': 'Von wem sie ist, wurde nicht gefunden.',
  'It names {number} accounts; the first is taken: {text}.': 'Sie nennt {1} Konten; genommen ist das erste: {2}.',
  'Its dates could be read with day and month exchanged.': 'Ihre Daten lassen sich auch mit vertauschtem Tag und Monat lesen.',
  'Another document has this number: {text}.': 'Ein anderes Dokument hat diese Nummer: {1}.',
  'The payment of {amount} of {day} that was said to pay it: the bank has withdrawn or changed it.':
    'Die Zahlung über {1} vom {2}, die ihr zugeordnet war, hat die Bank zurückgenommen oder geändert.',
};

/** What stands out among charges. */
const hints = {
  'Unusual charge: {amount} to {text}': 'Ungewöhnliche Abbuchung: {1} an {2}',
  '{number} earlier charges of {text} were usually about {amount}; this one on {day} is {amount}. (Party: {text}.)':
    '{1} frühere Abbuchungen von {2} waren meist etwa {3}; diese vom {4} ist {5}. (Gegenseite: {6}.)',
  '{text} takes {amount} every week': '{1} bucht jede Woche {2} ab',
  '{text} takes {amount} every month': '{1} bucht jeden Monat {2} ab',
  '{text} takes {amount} every quarter': '{1} bucht jedes Quartal {2} ab',
  '{text} takes {amount} every year': '{1} bucht jedes Jahr {2} ab',
  '{number} charges since {day}, one a week. Next about {day}.': '{1} Abbuchungen seit {2}, jede Woche eine. Die nächste etwa am {3}.',
  '{number} charges since {day}, one a month. Next about {day}.': '{1} Abbuchungen seit {2}, jeden Monat eine. Die nächste etwa am {3}.',
  '{number} charges since {day}, one a quarter. Next about {day}.':
    '{1} Abbuchungen seit {2}, jedes Quartal eine. Die nächste etwa am {3}.',
  '{number} charges since {day}, one a year. Next about {day}.': '{1} Abbuchungen seit {2}, jedes Jahr eine. Die nächste etwa am {3}.',
  '{text} costs more: {amount} instead of {amount}': '{1} kostet mehr: {2} statt {3}',
  'The charge of {day} is {number} % higher than the one of {day}.': 'Die Abbuchung vom {1} ist um {2} % höher als die vom {3}.',
  'Is {text} still used?': 'Wird {1} noch gebraucht?',
  '{text} has taken money every {text} for {number} days, and the accounts know of nothing else with it. Whether somebody uses it cannot be seen from bank accounts.':
    '{1} bucht seit {3} Tagen regelmäßig ab, und sonst wissen die Konten von nichts mit dieser Gegenseite. Ob es jemand benutzt, ist an Bankkonten nicht zu sehen.',
  '{text} has taken money every {text} for {number} days, and the accounts know of nothing else with it; no invoices are known here. Whether somebody uses it cannot be seen from bank accounts.':
    '{1} bucht seit {3} Tagen regelmäßig ab, und sonst wissen die Konten von nichts mit dieser Gegenseite; Rechnungen sind hier nicht bekannt. Ob es jemand benutzt, ist an Bankkonten nicht zu sehen.',
};

/** Why a transaction has its category. */
const categories = {
  'A person said so.': 'Ein Mensch hat es gesagt.',
  'A task said so.': 'Eine Aufgabe hat es gesagt.',
  'Like a transaction, which a person called {text}: {text}.': 'Wie ein Umsatz, den jemand als {1} eingeordnet hat: {2}.',
  'Like "{text}", which a person called {text}: {text}.': 'Wie „{1}“, was jemand als {2} eingeordnet hat: {3}.',
};

/** What of a file could not be read, and what has to be said about it. */
const files = {
  'The file ends inside this statement: what came after is missing.': 'Die Datei endet in diesem Auszug: Was danach kam, fehlt.',
  'The file ends inside this entry.': 'Die Datei endet in diesem Umsatz.',
  'The statement has no closing balance: it may have been cut off.': 'Der Auszug hat keinen Endsaldo: Vielleicht ist er abgeschnitten.',
  'The entry has no amount in {text}.': 'Der Umsatz hat keinen Betrag in {1}.',
  'The entry says neither credit nor debit.': 'Der Umsatz sagt nicht, ob er Gutschrift oder Belastung ist.',
  'The entry has no date.': 'Der Umsatz hat kein Datum.',
  'The transaction has no date (DTPOSTED).': 'Der Umsatz hat kein Datum (DTPOSTED).',
  'The transaction has no amount in {text} (TRNAMT).': 'Der Umsatz hat keinen Betrag in {1} (TRNAMT).',
  'Transaction {number} has no amount in {text}.': 'Umsatz {1} hat keinen Betrag in {2}.',
  'Transaction {number} has no date.': 'Umsatz {1} hat kein Datum.',
  'The amount is in {text}, and the account is in {text}.': 'Der Betrag ist in {1}, und das Konto wird in {2} geführt.',
  '"{text}" is no amount in {text}.': '„{1}“ ist kein Betrag in {2}.',
  '"{text}" is no day.': '„{1}“ ist kein Tag.',
  'Which column has the day of the booking?': 'In welcher Spalte steht der Buchungstag?',
  'Which column has the amount, or which two have what comes in and what goes out?':
    'In welcher Spalte steht der Betrag, oder in welchen beiden, was hereinkommt und was hinausgeht?',
  'Are dates written day first or month first?': 'Steht in Daten der Tag zuerst oder der Monat?',
  'Is the decimal sign a comma or a point?': 'Ist das Dezimalzeichen ein Komma oder ein Punkt?',
  'No amount is negative: which column says what comes in and what goes out?':
    'Kein Betrag ist negativ: Welche Spalte sagt, was hereinkommt und was hinausgeht?',
  'Which line is the header, and what are its columns?': 'Welche Zeile ist die Kopfzeile, und was sind ihre Spalten?',
  'Which account is this?': 'Welches Konto ist das?',
  'Which currency are the amounts in?': 'In welcher Währung sind die Beträge?',
  'The columns are not those of the files before. Are they read correctly?':
    'Die Spalten sind andere als in den Dateien davor. Werden sie richtig gelesen?',
};

const sentence = sayer({ ...matches, ...doubts, ...hints, ...categories, ...files });

/** What a rule for categories asks for. */
const condition = sayer({
  'the name has "{text}"': 'der Name enthält „{1}“',
  'the account is {text}': 'das Konto ist {1}',
  'the text has "{text}"': 'der Text enthält „{1}“',
  'money comes in': 'Geld kommt herein',
  'money goes out': 'Geld geht hinaus',
  'from {amount}': 'ab {1}',
  'up to {amount}': 'bis {1}',
  'the currency is {text}': 'die Währung ist {1}',
});

function rule(english: string): string | null {
  const [, number, asked] = /^Rule (\d+): ([\s\S]+)\.$/.exec(english) ?? [];
  const parts = asked?.split(/, (?=the (?:name|text) has "|the account is |money (?:comes|goes) |(?:from|up to) \d)/).map(condition);
  return parts === undefined || parts.includes(null) ? null : `Regel ${number}: ${parts.join(', ')}.`;
}

/** What is said about payments, invoices and the files of banks, in German; null for what is nothing of that. */
export const moneySaid = (english: string): string | null => sentence(english) ?? rule(english);
