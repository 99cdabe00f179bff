import type { briefing as english } from '../en/briefing.ts';
import type { Translation } from '../translation.ts';

/** German: the weekly briefing. */
export const briefing: Translation<typeof english> = {
  title: (day) => `Montagsbericht, ${day}`,
  span: (from, to) => `${from} bis ${to}.`,
  waiting: {
    title: 'Wartet auf Sie',
    nothing: 'Nichts wartet auf Sie.',
    one: (headline, age) => `${headline} (${age})`,
    oneExpiring: (headline, age) => `${headline} (${age}, läuft bald ab)`,
    fresh: 'neu',
    more: (count) => `${count} weitere freizugeben`,
    question: '1 Frage zu Arbeit, die noch niemand zu tun weiß',
    questions: (count) => `${count} Fragen zu Arbeit, die noch niemand zu tun weiß`,
    unknown: '1 Schritt, von dem niemand weiß, ob er geschehen ist',
    unknowns: (count) => `${count} Schritte, von denen niemand weiß, ob sie geschehen sind`,
  },
  money: {
    title: 'Geld',
    flow: (revenue, spending) => `Eingegangen ${revenue}, ausgegeben ${spending}`,
    to: (amount, name) => `${amount} an ${name}`,
    nothing: 'Es kamen keine Umsätze herein.',
    invoice: (due) => `1 Rechnung offen, ${due} diese Woche fällig`,
    invoices: (count, due) => `${count} Rechnungen offen, ${due} diese Woche fällig`,
  },
  work: {
    title: 'Erledigte Arbeit',
    task: (before) => `1 Aufgabe kam herein (${before} in der Woche davor)`,
    tasks: (count, before) => `${count} Aufgaben kamen herein (${before} in der Woche davor)`,
    completed: (count, before) => `${count} abgeschlossen (${before})`,
    completedIn: (count, before, span) => `${count} abgeschlossen (${before}), Dauer ${span} (Median)`,
    partly: (refused, partly) => `${refused} abgelehnt, ${partly} teilweise erledigt`,
    failed: (count, before) => `${count} fehlgeschlagen (${before})`,
    answered: (approved, rejected) => `${approved} freigegeben und ${rejected} abgelehnt`,
    answeredIn: (approved, rejected, span) => `${approved} freigegeben und ${rejected} abgelehnt, Wartezeit ${span} (Median)`,
  },
  bottlenecks: {
    title: 'Engpässe',
    slow: (tool, span, count) => `${tool}: Wartezeit auf Antworten ${span} (${count} gefragt)`,
    failed: '1 Aufgabe ist fehlgeschlagen und kann fortgesetzt werden',
    failures: (count) => `${count} Aufgaben sind fehlgeschlagen und können fortgesetzt werden`,
  },
  suggestions: {
    title: 'Vorschläge',
    routine: (tool, count) =>
      `Sie haben ${tool} ${count}-mal freigegeben und nie abgelehnt. Eine Dauererlaubnis würde Ihnen die Frage ersparen.`,
    unplanned: (count, what) => `Zu ${count} Ereignissen von ${what} fand sich kein Playbook. Mit einem ließen sie sich bearbeiten.`,
    expired: '1 Frage ist unbeantwortet abgelaufen. Geben Sie Freigaben ab, wenn Sie abwesend sind.',
    expirations: (count) => `${count} Fragen sind unbeantwortet abgelaufen. Geben Sie Freigaben ab, wenn Sie abwesend sind.`,
  },
};
