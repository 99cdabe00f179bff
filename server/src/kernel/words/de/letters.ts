import type { letters as english } from '../en/letters.ts';
import type { Translation } from '../translation.ts';

/** German: letters that let somebody in. */
export const letters: Translation<typeof english> = {
  invitation: {
    subject: (tenant) => `Einladung zu ${tenant} auf Factotum`,
    text: (tenant, until, url) => `Sie sind eingeladen, „${tenant}“ auf Factotum beizutreten.

Öffnen Sie diesen Link, um anzunehmen. Er gilt einmal, bis ${until}:
${url}

Wenn Sie nicht wissen, worum es geht, beachten Sie diese E-Mail nicht: Es geschieht nichts.
`,
  },
  signIn: {
    subject: 'Ihr Anmeldelink für Factotum',
    text: (url) => `Öffnen Sie diesen Link, um sich anzumelden. Er gilt einmal, 15 Minuten lang:

${url}

Wenn Sie ihn nicht angefordert haben, brauchen Sie nichts zu tun: Ohne den Link kommt niemand hinein.
`,
  },
  registration: {
    verifySubject: 'Bestätigen Sie Ihre Adresse',
    verify: (name, tenant, url) => `Guten Tag, ${name},

jemand, vermutlich Sie, möchte mit dieser Adresse „${tenant}“ bei Factotum einrichten.
Öffnen Sie zum Bestätigen innerhalb von 24 Stunden diesen Link. Er gilt einmal:

${url}

Wenn Sie das nicht waren, tun Sie nichts: Es wird nichts eingerichtet.
`,
    readySubject: (tenant) => `„${tenant}“ ist bereit`,
    ready: (name, tenant, url) => `Guten Tag, ${name},

„${tenant}“ ist eingerichtet. Melden Sie sich mit dieser Adresse an:

${url}
`,
    rejectedSubject: (tenant) => `„${tenant}“ wurde nicht eingerichtet`,
    rejected: (name, tenant) => `Guten Tag, ${name},

wer diese Installation betreibt, hat entschieden, „${tenant}“ nicht einzurichten. Fragen Sie dort nach, wenn Sie das für einen Irrtum halten.
`,
  },
};
