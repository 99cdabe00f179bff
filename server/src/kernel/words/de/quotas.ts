import type { quotas as english } from '../en/quotas.ts';
import type { Translation } from '../translation.ts';

/** German: what tenants are granted, and the letter that says how full it is. */
export const quotas: Translation<typeof english> = {
  of: {
    maxRunning: {
      title: 'Aufgaben in Arbeit',
      about:
        'Aufgaben, an denen gerade gearbeitet wird. Andere bleiben fällig und kommen an die Reihe, sobald eine davon abgegeben ist. Wartende Aufgaben zählen nicht.',
    },
    eventsPerMinute: {
      title: 'Ereignisse',
      about:
        'Ereignisse und E-Mails auf jedem Weg, gezählt, bevor sie gelesen werden. Darüber wird der Absender gebeten, es später zu versuchen; abgelegte Dateien bleiben, wo sie sind.',
    },
    requestsPerMinute: {
      title: 'API-Anfragen',
      about: 'Anfragen aller im Mandanten, von Menschen wie von Schlüsseln. Darüber lautet die Antwort 429 mit retry-after.',
    },
    modelMicrosPerDay: {
      title: 'Modellkosten am Tag',
      about:
        'Was ein Modell für das Planen kostet. Vor jedem Aufruf wird eine Obergrenze zurückgelegt und danach gezählt, was es war; wo das nicht passt, wartet die Aufgabe auf den nächsten Tag.',
    },
    modelMicrosPerMonth: { title: 'Modellkosten im Monat', about: 'Dasselbe für den Kalendermonat in UTC.' },
    vaultBytes: {
      title: 'Ablage',
      about: 'Versiegelte Notizen mit allen ihren Fassungen. Eine Änderung, die nicht hineinpasst, wird abgelehnt.',
    },
    members: {
      title: 'Mitglieder',
      about:
        'Wer zum Mandanten gehört, und offene Einladungen. Wer darüber hinausginge, kann weder eingeladen werden noch beitreten noch angelegt werden.',
    },
    connectors: { title: 'Konnektoren', about: 'Wege, auf denen Ereignisse hereinkommen, neben der API.' },
  },
  units: {
    tasks: (count) => `${count} Aufgaben`,
    events: (count) => `${count} Ereignisse`,
    requests: (count) => `${count} Anfragen`,
    members: (count) => `${count} Mitglieder`,
    connectors: (count) => `${count} Konnektoren`,
  },
  usedUp: 'aufgebraucht',
  usedPart: (percent) => `zu ${percent} verbraucht`,
  subject: (tenant, title, state) => `Factotum, ${tenant}: ${title}, ${state}`,
  lead: (tenant, title, state, used, allowed) => `${title} von ${tenant}: ${state}. Verbraucht: ${used}, gewährt: ${allowed}.`,
  where:
    'Verbrauch und Grenzen stehen auf der Seite „Kontingente und Verbrauch“. Wer diese Installation betreibt, kann die Grenzen ändern.',
};
