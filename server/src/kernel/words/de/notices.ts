import type { notices as english } from '../en/notices.ts';
import type { Translation } from '../translation.ts';

/** German: what notices say outside our pages. */
export const notices: Translation<typeof english> = {
  product: 'Factotum',
  something: 'Etwas braucht Sie.',
  several: (count) => `${count} Dinge brauchen Sie.`,
  kinds: {
    approval: 'Wartet auf Ihre Freigabe',
    delegated: 'Ihnen zur Entscheidung übergeben',
    comment: 'Neuer Kommentar',
    question: 'Eine Frage zu einer Aufgabe',
    unknown: 'Niemand weiß, ob dies geschehen ist',
    failed: 'Eine Aufgabe ist fehlgeschlagen',
    connection: 'Eine Verbindung braucht Sie',
    quota: 'Ein Kontingent füllt sich',
  },
  trial: 'In diesem Browser werden Sie hingewiesen.',
  mail: {
    subjectOne: (tenant) => `Factotum, ${tenant}: etwas braucht Sie`,
    subject: (tenant, count) => `Factotum, ${tenant}: ${count} Dinge brauchen Sie`,
    leadOne: (tenant) => `In ${tenant} braucht etwas Sie:`,
    lead: (tenant, count) => `In ${tenant} brauchen ${count} Dinge Sie:`,
    counted: (kind, count) => `– ${kind}: ${count}`,
    titled: (kind, title) => `– ${kind}: ${title}`,
    more: (count) => `– und ${count} weitere`,
    open: (url) => `Ansehen: ${url}`,
    change: (url) => `Worauf Sie hingewiesen werden, und wann: ${url}`,
  },
};
