import type { helpText as english } from '../en/help.ts';
import type { Translation } from '../translation.ts';

/** German: what each page is for. The pages of the documentation themselves are in English. */
export const helpText: Translation<typeof english> = {
  title: 'Hilfe',
  intro: 'Was Factotum tut und wie es betrieben wird, Seite für Seite. Die Seiten sind auf Englisch.',
  all: 'Alle Seiten',
  read: 'Mehr lesen',
  missing: 'Diese Seite hat die Dokumentation nicht.',
  groups: {
    work: 'Arbeit',
    outside: 'Verbindungen',
    people: 'Menschen und Programme',
    running: 'Betrieb',
    keys: 'Schlüssel und Nachweise',
  },
  pages: {
    demo: 'Die Vorführung',
    playbooks: 'Anleitungen (Playbooks)',
    approvals: 'Freigaben unter mehreren',
    policies: 'Richtlinien und Dauerfreigaben',
    vault: 'Die Ablage',
    analytics: 'Auswertungen',
    notices: 'Hinweise',
    schedules: 'Zeitpläne und der Wochenbericht',
    connectors: 'Verbindungen',
    mail: 'E-Mail',
    calendar: 'Kalender',
    bank: 'Bankdateien und Rechnungen',
    documents: 'Dateien und Dokumente',
    webhooks: 'Webhooks',
    mcp: 'Werkzeuge anderer (MCP)',
    people: 'Wie Menschen sich anmelden',
    members: 'Mitglieder, Rollen und Teams',
    sso: 'Anmeldung über Ihre Firma (SSO)',
    scim: 'Verzeichnisse (SCIM)',
    machines: 'Programme und API-Schlüssel',
    models: 'KI-Modelle',
    quotas: 'Kontingente',
    tenants: 'Mandanten',
    archive: 'Archive',
    encryption: 'Verschlüsselung',
    providers: 'Wer die Schlüssel hütet',
    rotation: 'Schlüssel wechseln',
    audit: 'Das Protokoll',
    backups: 'Sicherungen',
    api: 'Die Schnittstelle (API)',
    errors: 'Fehler',
  },
  topics: {
    account:
      'Was Ihnen gehört und keinem Mandanten: Ihr Name, wie Sie sich anmelden, wo Sie gerade angemeldet sind und wer entscheidet, solange Sie abwesend sind. Ein zweiter Faktor oder ein Passkey hält andere fern.',
    noticeRules:
      'Für jede Art von Ereignis: ob Sie auf der Seite, im Browser oder per E-Mail davon hören, sofort oder gesammelt, und wann Ruhe ist. Es gilt nur für Sie.',
    operator:
      'Jeder Mandant dieser Installation: wie es um ihn steht, seine Grenzen und seine Arbeit. Was in einem Mandanten liegt, steht hier nicht.',
    tenant:
      'Ein Mandant: was er verbrauchen darf, wie es um seine langen Arbeiten steht, und sein Ende. Ein gesperrter Mandant behält alles und tut nichts. Seine Arbeit, seine E-Mails und Notizen stehen hier nicht.',
    registrations: 'Wer um einen Mandanten gebeten und seine Adresse nachgewiesen hat. Ein Mandant entsteht erst, wenn Sie zustimmen.',
    system: 'Wie es jedem Prozess geht, was auf Worker wartet und worum Sie sich kümmern sollten. Die Linien zeigen die letzte Stunde.',
    volume: 'Wie viele Aufgaben in den letzten 30 Tagen je Mandant eingingen und was ihre Modelle kosteten. Nur Zahlen.',
    jobs: 'Lange Arbeit wie Archive, Importe und Sicherungen: wie weit sie ist und was daraus wurde. Sie müssen hier nicht warten.',
    backups:
      'Eine Sicherung zählt, wenn sie geprüft ist: dass jedes Stück da ist und dass sie sich wiederherstellen lässt. Schlüssel liegen an einem anderen Ort als Daten.',
    inbox:
      'Hier steht, was nur Sie entscheiden können. Jede Freigabe sagt, was getan würde, warum, und woher jeder Wert stammt. Was Sie freigeben, geschieht genau so wie gezeigt, und nichts anderes.',
    tasks:
      'Alles, was hereinkam, ist eine Aufgabe: mit ihrem Plan, mit dem, was getan wurde, und mit dem, worauf sie wartet. Suche und Filter finden sie wieder; ein Filter lässt sich als Ansicht behalten.',
    approval:
      'Eine Handlung, die auf eine Entscheidung wartet. Oben steht genau, was getan wird und woher jeder Wert stammt; unten, warum Sie gefragt werden und was bei Ja, bei Nein und ohne Antwort geschieht. Wer einen Wert ändert, fragt die Richtlinien neu.',
    task: 'Eine Arbeit von dem, was ankam, bis zu dem, was daraus wurde: der Plan, jeder Schritt mit dem, was er gelesen und getan hat, was es gekostet hat, und jeder Eintrag des Protokolls darüber.',
    send: 'Übergeben Sie, was nicht von selbst kam: E-Mails, Rechnungen, Bankdateien, Dokumente. Alles wird eine Aufgabe wie jede andere, und die Richtlinien fragen Sie, bevor etwas getan wird.',
    vault:
      'Notizen und Dateien, die Ihr Mitarbeiter liest und schreibt. Sie gehören Ihnen: Bearbeiten Sie sie hier, in Obsidian oder über WebDAV, und kehren Sie zu jeder Fassung zurück.',
    note: 'Eine Notiz, wie sie jetzt ist. Jede Fassung bleibt erhalten: Nichts, was Sie ändern oder löschen, ist verloren. Was Fremde geschrieben haben, ist gekennzeichnet, und dessen Links führen nirgendwohin.',
    playbook:
      'Für welche Ereignisse es gilt, welche Werte ihnen entnommen werden und was damit getan wird. Probieren Sie es an den letzten 30 Tagen aus, bevor Sie es speichern: Das ändert nichts.',
    playbooks:
      'Ein Playbook sagt einmal, was bei einer Art von Ereignis zu tun ist. Es braucht kein KI-Modell und tut jedes Mal dasselbe. Probieren Sie es an dem aus, was hereinkam, bevor Sie es speichern.',
    money:
      'Konten, Umsätze und Rechnungen, so wie Bankdateien und Dokumente von ihnen berichten. Auffälligkeiten zeigen, was nicht stimmen könnte, etwa dieselbe Rechnung zweimal.',
    agenda:
      'Eine Woche auf einmal mit allem, was in den verbundenen Kalendern steht. Sie sehen, was vorgemerkt ist und bis wann, und wann alle frei sind.',
    analytics:
      'Wie viel erledigt wurde, wie schnell, und was es nach Ihren eigenen Annahmen gespart hat. Jede Zahl sagt, wie sie gezählt wird.',
    audit:
      'Jede Handlung von Menschen, Programmen und Ihrem Mitarbeiter, in einer Reihenfolge, die danach niemand ändern kann. Ihr Browser kann das selbst prüfen.',
    status:
      'Wie es um die Arbeit in diesem Augenblick steht: was wartet, was läuft und was nicht erreicht wird. Die Linien zeigen die letzte Stunde.',
    notices:
      'Was Ihnen gemeldet wurde, das Neueste zuerst. In den Einstellungen der Hinweise wählen Sie, was Sie erreicht, wo, und wann Ruhe ist.',
    general: 'Wie dieser Ort heißt und wie er Zahlen, Daten und Zeiten schreibt. Die Arbeitszeiten sagen, wann Fristen laufen.',
    policies:
      'Richtlinien entscheiden, was von selbst geschieht, wozu ein Mensch gefragt wird und was nie getan wird. Probieren Sie eine Änderung an den Entscheidungen der letzten 90 Tage aus, bevor sie gilt.',
    grants:
      'Eine Dauerfreigabe lässt gleichartige Handlungen ohne Frage durch, in Grenzen und bis zu einem Tag. Sie lässt sich jederzeit zurücknehmen.',
    model:
      'Das Modell plant, was kein Playbook abdeckt. Es schlägt nur vor: Richtlinien und Menschen entscheiden. Ohne Modell funktioniert alles andere.',
    connections:
      'Postfächer, Kalender, Ordner und andere Systeme, aus denen Arbeit kommt und in die sie geht. Jede Verbindung sagt, wann sie zuletzt erreicht wurde und was sie darf.',
    schedules:
      'Arbeit, die zu festen Zeiten kommt statt mit einer E-Mail, etwa ein Bericht an jedem Montag. Ein Zeitplan lässt sich anhalten, ohne ihn zu verlieren.',
    webhooks:
      'Ein anderes System erfährt, was geschieht, mit einer Signatur, die es prüfen kann. Was nicht zugestellt werden konnte, wird eine Zeit lang erneut versucht.',
    tools:
      'Server anderer, die über MCP Werkzeuge anbieten. Sie sagen bei jedem, wofür es verwendet werden darf; ändert es sich, wird es nicht verwendet, bis jemand hingesehen hat.',
    members: 'Wer hier ist und was wer darf. Einladungen laufen ab, und wer geht, verliert den Zugang sofort.',
    roles: 'Eine Rolle ist eine Menge von Rechten. Nehmen Sie die vorhandenen Rollen, oder legen Sie eigene an.',
    teams: 'Gruppen von Mitgliedern. Freigaben lassen sich einem Team übertragen, und wer daraus Zeit hat, entscheidet.',
    keys: 'Programme melden sich mit eigenen Schlüsseln an, mit nicht mehr Rechten als nötig und mit einem Ende. Ein Schlüssel wird einmal gezeigt.',
    secrets:
      'Passwörter und Schlüssel, die Ihr Mitarbeiter verwendet. Sie sind versiegelt, werden nie wieder gezeigt und gelangen weder zu einem Modell noch in ein Protokoll.',
    sso: 'Ihre Leute melden sich über den Identitätsanbieter Ihrer Firma an. Testen Sie einen Anbieter, bevor ihn alle verwenden müssen.',
    provisioning:
      'Ihr Verzeichnis fügt über SCIM Menschen hinzu, ordnet sie Teams zu und nimmt sie wieder heraus. Es meldet sich mit einem Token an, das hier entsteht.',
    security: 'Wie lange Sitzungen dauern, ob ein zweiter Faktor nötig ist, und aus welchen Netzen man sich anmelden darf.',
    encryption:
      'Alles ist mit Schlüsseln Ihres Mandanten versiegelt. Sie sagen, wer den Schlüssel darüber hütet, wechseln ihn oder vernichten ihn und alles darunter.',
    changes:
      'Was an Einstellungen, Richtlinien und Kontingenten geändert wurde, von wem, wovon und wozu. Die meisten Änderungen lassen sich zurücknehmen.',
    usage: 'Was vom Gewährten verbraucht ist. Nahe an einer Grenze werden Sie gewarnt; an ihr wartet neue Arbeit.',
    closing:
      'Nehmen Sie alles als Archiv mit, das sich ohne uns lesen lässt, oder schließen Sie diesen Mandanten. Das Schließen lässt sich eine Zeit lang zurücknehmen, das Löschen nicht.',
  },
};
