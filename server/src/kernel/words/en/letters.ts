/** English: letters that let somebody in. They may reach people who have not asked for them. */
export const letters = {
  invitation: {
    subject: (tenant: string) => `Invitation to ${tenant} on Factotum`,
    text: (tenant: string, until: string, url: string) => `You are invited to join "${tenant}" on Factotum.

Open this link to accept. It works once, until ${until}:
${url}

If you do not know what this is about, ignore this mail: nothing happens.
`,
  },
  signIn: {
    subject: 'Your sign-in link for Factotum',
    text: (url: string) => `Open this link to sign in. It works once, within 15 minutes:

${url}

If you did not ask for it, you need not do anything: without the link nobody gets in.
`,
  },
  registration: {
    verifySubject: 'Confirm your address',
    verify: (name: string, tenant: string, url: string) => `Hello ${name},

somebody, probably you, wants to set up "${tenant}" with Factotum from this address.
Open this link to confirm, within 24 hours. It works once:

${url}

If that was not you, do nothing: nothing will be set up.
`,
    readySubject: (tenant: string) => `"${tenant}" is ready`,
    ready: (name: string, tenant: string, url: string) => `Hello ${name},

"${tenant}" has been set up. Sign in with this address:

${url}
`,
    rejectedSubject: (tenant: string) => `"${tenant}" was not set up`,
    rejected: (name: string, tenant: string) => `Hello ${name},

whoever runs this installation has decided not to set up "${tenant}". Ask them if you think that is a mistake.
`,
  },
};
