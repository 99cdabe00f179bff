import { sayer } from './sentence.ts';

/** Reasons and refusals by what they say in English, where no rule is told with them. */
export const said = sayer({
  'No policy allows this.': 'Keine Richtlinie erlaubt dies.',
  'Policy forbids this.': 'Die Richtlinien verbieten das.',
  'The policies could not be evaluated, so nothing is allowed. Check their text.':
    'Die Richtlinien konnten nicht ausgewertet werden, also ist nichts erlaubt. Prüfen Sie ihren Text.',
  'There is no tool called {text}.': 'Ein Werkzeug namens {1} gibt es nicht.',
  'A person said no.': 'Ein Mensch hat abgelehnt.',
  'Nobody answered in time.': 'Niemand hat rechtzeitig geantwortet.',
  'The question was withdrawn.': 'Die Frage wurde zurückgezogen.',
  'A step before it was not done.': 'Ein Schritt davor wurde nicht getan.',
  'Another step failed.': 'Ein anderer Schritt ist fehlgeschlagen.',
  'A new plan was asked for.': 'Ein neuer Plan wurde verlangt.',
  'The task was cancelled.': 'Die Aufgabe wurde abgebrochen.',
  "Today's uses of the standing permission are spent.": 'Die Dauererlaubnis ist für heute aufgebraucht.',
  'Edited by {text}: these are the arguments that would be sent now.': 'Geändert von {1}: So würde es jetzt ausgeführt.',
  '{text} took the decision back, so you are asked again.':
    '{1} hat die Entscheidung zurückgenommen, deshalb werden Sie noch einmal gefragt.',
  'This was begun before and did not happen. It is never begun again without a person.':
    'Das wurde schon einmal begonnen und ist nicht geschehen. Ohne einen Menschen wird es nie noch einmal begonnen.',
});

/** Why somebody is asked, by the rule that asks. `fields`: the titles of the arguments that it is about, in one text. */
export const reasons: Readonly<Record<string, (fields: string) => string>> = {
  'tool.unknown': () => 'Ein solches Werkzeug gibt es nicht.',
  'argument.unlisted': (fields) => `Das Werkzeug nimmt dies nicht an: ${fields}.`,
  'argument.malformed': (fields) => `Dies hat nicht die richtige Form: ${fields}.`,
  'vault.protected': () => 'Das ist Mitgliedern vorbehalten: Werkzeuge dürfen es nicht anlegen, ändern, verschieben oder löschen.',
  'steering.untrusted': (fields) =>
    `Dies kommt aus einer Quelle, in der Fremde schreiben, und jemand Fremdes kann es gewählt haben: ${fields}.`,
  'choice.untrusted': () => 'Es ginge hinaus, weil jemand Fremdes etwas geschrieben hat.',
  'grave.untrusted': () => 'Zahlen, Zugang geben und Löschen brauchen immer einen Menschen, sobald die Aufgabe etwas Fremdes berührt hat.',
  rule_of_two: () => 'Die Aufgabe hat Vertrauliches und etwas Fremdes gelesen. Was dann das Haus verlässt, geht über einen Menschen.',
  'link.untrusted': () => 'Es ginge mit einem Link hinaus, den jemand Fremdes gewählt haben kann.',
  'payee.name': () => 'Unter Ihren Zahlungsempfängern steht dieses Konto unter einem anderen Namen.',
  'policy.fault': () => 'Die Richtlinien konnten nicht ausgewertet werden, also ist nichts erlaubt. Prüfen Sie ihren Text.',
  'policy.none': () => 'Keine Richtlinie erlaubt dies.',
};

/** The titles of the policies that the product comes with, by what they say in English: a tenant's own stay as they were written. */
export const policies: Readonly<Record<string, string>> = {
  'What no other policy lets run alone needs a person': 'Was keine andere Richtlinie allein laufen lässt, braucht einen Menschen',
  'Notes, drafts and calendar holds are written alone when nothing foreign steers them':
    'Notizen, Entwürfe und freigehaltene Zeiten werden allein geschrieben, wenn nichts Fremdes sie lenkt',
  'The briefing is mailed to the owners alone': 'Der Bericht geht von selbst an die Inhaber',
  'Giving access and deleting always need a person': 'Zugang geben und Löschen brauchen immer einen Menschen',
  'Bank details that only appear in a message are never paid': 'Auf Bankdaten, die nur in einer Nachricht stehen, wird nie gezahlt',
  'Every payment needs a person': 'Jede Zahlung braucht einen Menschen',
  'Mail to somebody who is not among the contacts needs a person':
    'E-Mails an jemanden, der nicht unter den Kontakten ist, brauchen einen Menschen',
  'Sending mail needs a person': 'E-Mails zu senden braucht einen Menschen',
  'Mail to one known contact runs alone when trusted sources steer it':
    'Eine E-Mail an einen bekannten Kontakt geht allein hinaus, wenn nur Vertrautes sie lenkt',
};
