import type { agendaText as english } from '../en/agenda.ts';
import type { Translation } from '../translation.ts';

const plural = (n: number, one: string, many: string): string => `${String(n).replace('.', ',')} ${n === 1 ? one : many}`;

export const agendaText: Translation<typeof english> = {
  title: 'Kalender',
  week: 'Woche',
  previous: 'Vorige Woche',
  next: 'Nächste Woche',
  today: 'Heute',
  zone: (zone) => `Zeiten in ${zone}`,
  allDay: 'ganztägig',
  whole: 'dauert an',
  from: (time) => `ab ${time}`,
  until: (time) => `bis ${time}`,
  nothing: 'Nichts',
  noCalendar: 'Kein Kalender ist verbunden',
  noCalendarText: 'Sobald einer verbunden ist, steht hier alles, was darin eingetragen ist, mit den Zeiten, die freigehalten werden.',
  connect: 'Kalender verbinden',
  incomplete: 'Es gibt mehr, als hier steht, oder eine Terminreihe, die sich nicht lesen lässt.',
  held: (until) => `Gehalten bis ${until}`,
  heldHelp: 'Danach ist die Zeit wieder frei, wenn sie niemand bestätigt.',
  tentative: 'Nicht bestätigt',
  cancelled: 'Abgesagt',
  conflicts: (n) => `Überschneidet sich mit ${plural(n, 'anderem Termin', 'anderen Terminen')}`,
  people: (names) => `Mit ${names}`,
  invited: (by) => `Eingeladen von ${by}`,
  answers: { 'NEEDS-ACTION': 'Nicht beantwortet', ACCEPTED: 'Zugesagt', DECLINED: 'Abgelehnt', TENTATIVE: 'Vielleicht' },
  slots: {
    title: 'Freie Zeiten',
    text: 'Wann alle, deren Kalender verbunden ist, bei der Arbeit und frei sind, von jetzt an.',
    length: 'Wie lange',
    minutes: (n) => (n < 60 ? `${n} Minuten` : plural(n / 60, 'Stunde', 'Stunden')),
    span: 'Zeitraum',
    weeks: (n) => (n === 1 ? 'diese Woche' : `${n} Wochen ab dieser`),
    find: 'Freie Zeiten suchen',
    none: 'Keine solche Zeit ist für alle frei.',
    unsure: 'Etwas in einem Kalender lässt sich nicht lesen: Eine dieser Zeiten kann vergeben sein.',
  },
};
