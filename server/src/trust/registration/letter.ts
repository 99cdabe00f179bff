interface Words {
  readonly name: string;
  readonly tenantName: string;
}

/** Asks somebody to prove that the address is theirs. It may reach somebody who did not ask for it. */
export const verifyLetter = ({ name, tenantName, url }: Words & { readonly url: string }) => ({
  subject: 'Confirm your address',
  text: `Hello ${name},

somebody, probably you, wants to set up "${tenantName}" with Factotum from this address.
Open this link to confirm, within 24 hours. It works once:

${url}

If that was not you, do nothing: nothing will be set up.
`,
});

/** Tells an owner that their tenant is there. */
export const readyLetter = ({ name, tenantName, url }: Words & { readonly url: string }) => ({
  subject: `"${tenantName}" is ready`,
  text: `Hello ${name},

"${tenantName}" has been set up. Sign in with this address:

${url}
`,
});

/** Tells somebody that there will be no tenant. */
export const rejectedLetter = ({ name, tenantName }: Words) => ({
  subject: `"${tenantName}" was not set up`,
  text: `Hello ${name},

whoever runs this installation has decided not to set up "${tenantName}". Ask them if you think that is a mistake.
`,
});
