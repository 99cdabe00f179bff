import type { alarms as english } from '../en/alarms.ts';
import type { Translation } from '../translation.ts';

/** German: what those who run the installation are mailed when something is wrong with it. */
export const alarms: Translation<typeof english> = {
  subject: (what) => `Factotum braucht Sie: ${what}`,
  text: (what, fix, since, url) => `Seit ${since}: ${what}.

${fix}

So geht es der Installation: ${url}`,
  of: {
    backup_failed: {
      what: 'eine Sicherung ist fehlgeschlagen oder fehlerhaft',
      fix: 'Die Liste der Sicherungen sagt, welche und warum. Die nächste wird innerhalb einer Stunde versucht; bis eine gelingt, ginge verloren, was seit der letzten dazugekommen ist.',
    },
    backup_old: {
      what: 'die letzte Sicherung ist zu alt',
      fix: 'Sicherungen sind geplant, doch seit der doppelten Zeit wurde keine gemacht. Sehen Sie nach, ob ein Prozess läuft, der sie machen kann, und in die Liste der Aufträge.',
    },
    audit_behind: {
      what: 'das Protokoll holt nicht auf',
      fix: 'Einträge warten seit mehr als zehn Minuten auf ihre Nummer: Kein Prozess nummeriert sie, oder das Protokoll eines Mandanten ist nicht in Ordnung. „factotum doctor“ sagt, welches.',
    },
    process_busy: {
      what: 'ein Prozess hat mehr zu tun, als er kann',
      fix: 'Seit fünf Minuten kommt in ihm alles Fällige zu spät. Geben Sie ihm mehr Prozessor, oder lassen Sie einen weiteren daneben laufen.',
    },
    mail_away: {
      what: 'der Mailserver nimmt keine E-Mails an',
      fix: 'Schreiben an Personen warten seit mehr als einer halben Stunde. Sie werden aufgehoben und erneut versucht. Dieses hat Sie erreicht: Vielleicht ist es vorbei, oder er weist einzelne Adressen ab.',
    },
  },
};
