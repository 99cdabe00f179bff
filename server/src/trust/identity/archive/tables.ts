/** Where the tenant stands in a row, or that the row is of a person who is a member. */
export interface TravellingTable {
  readonly name: string;
  /** The column that holds the tenant; null: rows of the tenant's members. */
  readonly tenant: string | null;
  /** Whether rows of people come along whom a directory has switched off, who are no members now. */
  readonly switchedOff?: boolean;
  /** The columns that hold a person. */
  readonly people: readonly string[];
  /** Whether it may have rows of people who are no members; these stay behind. */
  readonly membersOnly?: boolean;
  /** What `where` leaves out besides. */
  readonly only?: string;
  /** Columns that change by use: they travel, and say nothing about whether anything else has changed. */
  readonly volatile?: readonly string[];
  /** What a column is at the new installation, whatever it was: what has to be proven there, and what is not there. */
  readonly here?: Readonly<Record<string, string | null>>;
}

/** What of identity is in a whole archive, each table after those that it points at. */
export const travelling: readonly TravellingTable[] = [
  // How many members there may be is for whoever runs the installation to say.
  { name: 'organization', tenant: 'id', people: [], here: { membersMax: null } },
  // That an address is somebody's is for each installation to find out: an archive could say so of any.
  {
    name: 'user',
    tenant: null,
    switchedOff: true,
    people: ['id'],
    volatile: ['updatedAt', 'lastTenantId'],
    here: { emailVerified: 'false', lastTenantId: null },
  },
  { name: 'account', tenant: null, people: ['userId'], only: `"providerId" = 'credential'`, volatile: ['updatedAt'] },
  { name: 'member', tenant: 'organizationId', people: ['userId'] },
  { name: 'tenantRole', tenant: 'tenantId', people: [] },
  { name: 'team', tenant: 'tenantId', people: [] },
  { name: 'teamMember', tenant: 'tenantId', people: ['userId'], membersOnly: true },
  { name: 'serviceAccount', tenant: 'organizationId', people: [] },
  {
    name: 'apikey',
    tenant: 'referenceId',
    people: [],
    volatile: ['lastRequest', 'requestCount', 'remaining', 'lastRefillAt', 'updatedAt'],
  },
  { name: 'tenantSecurity', tenant: 'tenantId', people: ['breakGlassUserId'] },
  { name: 'ssoProvider', tenant: 'tenantId', people: [], volatile: ['testedAt', 'testError'] },
  // A domain has to be proven again: DNS still says so, if it is true.
  {
    name: 'ssoDomain',
    tenant: 'tenantId',
    people: [],
    volatile: ['checkedAt', 'missingSince'],
    here: { verifiedAt: null, missingSince: null },
  },
  { name: 'ssoIdentity', tenant: 'tenantId', people: ['userId'], volatile: ['lastSignInAt'] },
  { name: 'scimToken', tenant: 'tenantId', people: [], volatile: ['lastUsedAt'] },
  // Also whom the directory has switched off: somebody who is unknown could come in by another way.
  { name: 'scimUser', tenant: 'tenantId', people: ['userId'] },
  { name: 'scimRoles', tenant: 'tenantId', people: [] },
];

/** Tables of identity that stay behind, and why. */
export const staying: Readonly<Record<string, string>> = {
  session: 'sessions end with the move: everybody signs in at the new address',
  verification: 'links lead to the old address',
  invitation: 'links lead to the old address: invite again',
  deviceToken: 'devices are given a token of the new address',
  rateLimit: 'counters of this installation',
  signInFailure: 'counters of this installation',
  addressCounter: 'counters of this installation',
  operator: 'who runs this installation',
  registration: 'wishes for a tenant here',
  signingKey: "this installation's own keys",
  certificateAuthority: "this installation's own keys",
  pushKey: "this installation's own keys",
  installationSecret: "this installation's own credentials",
  installationSecretVersion: "this installation's own credentials",
  certificate: 'of processes of this installation, and of its tool servers',
  twoFactor: 'sealed with a key of this installation: set up again',
  recoveryCode: 'hashed with a key of this installation: made again',
  passkey: 'bound to the address of this installation: registered again',
  ssoLogin: 'sign-ins under way',
  ssoTest: 'tests under way',
};
