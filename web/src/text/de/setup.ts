import type { setupText as english } from '../en/setup.ts';
import type { Translation } from '../translation.ts';

/** German: the set-up, one question a screen. */
export const setupText: Translation<typeof english> = {
  title: 'Einrichtung',
  place: (n, of) => `Frage ${n} von ${of}`,
  card: (left) => (left === 1 ? 'Eine Frage der Einrichtung ist noch offen.' : `${left} Fragen der Einrichtung sind noch offen.`),
  continueSetup: 'Einrichtung fortsetzen',
  notNow: 'Jetzt nicht',
  next: 'Weiter',
  skip: 'Überspringen',
  back: 'Zurück',
  about: {
    question: 'Wie heißen Sie, und wo arbeiten Sie?',
    text: 'Den Namen sehen Ihre Leute. Sprache und Zeitzone bestimmen, wie Daten und Beträge geschrieben werden und was „morgen um neun“ heißt.',
  },
  mail: {
    question: 'Soll ein Postfach gelesen werden?',
    text: 'Was per Mail hereinkommt, wird zu Aufgaben. Ohne einen Menschen wird nichts verschickt, bis Sie es erlauben. Das Passwort wird versiegelt und niemandem mehr gezeigt.',
    connect: 'Postfach verbinden',
    have: (n) => (n === 1 ? 'Eine Verbindung gibt es schon.' : `${n} Verbindungen gibt es schon.`),
    noKind: 'Diese Installation hat keinen Anschluss für Mail. Dateien und Programme können trotzdem Arbeit schicken.',
    notYours: 'Verbindungen legt an, wer die Berechtigung dazu hat; Sie können weitergehen.',
  },
  model: {
    question: 'Wer plant, was kein Playbook kennt?',
    text: 'Playbooks planen, was sie beschreiben. Für den Rest kann ein KI-Modell einen Plan machen, den Ihre Regeln prüfen, bevor etwas geschieht.',
    installation: (name) => `Das Modell dieser Installation: ${name}`,
    none: 'Niemand: Was kein Playbook kennt, wartet auf einen Menschen',
    own: 'Ein eigenes Modell …',
    ownText: 'Für ein Modell mit eigenem Schlüssel gehen Sie auf dessen Seite; die Einrichtung wartet auf Sie.',
  },
  people: {
    question: 'Wer arbeitet mit Ihnen?',
    text: 'Laden Sie ein, wer freigibt, fragt und zusieht. Jeder bekommt eine Rolle; niemand sieht mehr, als sie erlaubt.',
    invite: 'Jemanden einladen',
    invited: (n) => (n === 1 ? 'Eine Einladung ist offen.' : `${n} Einladungen sind offen.`),
  },
  done: {
    question: 'Das war alles',
    text: 'Alles lässt sich in den Einstellungen ändern. Was hereinkommt, steht im Eingang, sobald es Sie braucht.',
    inbox: 'Zum Eingang',
    send: 'Eine erste Datei einreichen',
  },
};
