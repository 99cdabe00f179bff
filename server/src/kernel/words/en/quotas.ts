/** English: what tenants are granted, and the letter that says how full it is. */
export const quotas = {
  of: {
    maxRunning: {
      title: 'Tasks in flight',
      about: 'Tasks that a worker has in hand. Others stay due and are taken when one is given back. Waiting tasks do not count.',
    },
    eventsPerMinute: {
      title: 'Events',
      about:
        'Events and mails by every door, counted before they are read. Above, the sender is asked to come back; dropped files stay where they are.',
    },
    requestsPerMinute: {
      title: 'API requests',
      about: 'Requests of everybody in the tenant, people and keys. Above, callers get 429 with retry-after.',
    },
    modelMicrosPerDay: {
      title: 'Model spend per day',
      about:
        'What a model is paid for planning. An upper bound is put aside before each call and what it was is counted after; where that does not fit, the task waits for the next day.',
    },
    modelMicrosPerMonth: { title: 'Model spend per month', about: 'The same for the calendar month in UTC.' },
    vaultBytes: { title: 'Vault', about: 'Sealed notes with all their versions. A change that does not fit is refused.' },
    members: {
      title: 'Members',
      about: 'People who belong to the tenant, and open invitations. Whoever would be one more cannot be invited, join or be provisioned.',
    },
    connectors: { title: 'Connectors', about: 'Ways by which events come in, beside the API.' },
  },
  units: {
    tasks: (count: string) => `${count} tasks`,
    events: (count: string) => `${count} events`,
    requests: (count: string) => `${count} requests`,
    members: (count: string) => `${count} members`,
    connectors: (count: string) => `${count} connectors`,
  },
  usedUp: 'used up',
  usedPart: (percent: string) => `${percent} used`,
  subject: (tenant: string, title: string, state: string) => `Factotum, ${tenant}: ${title}, ${state}`,
  lead: (tenant: string, title: string, state: string, used: string, allowed: string) =>
    `${title} of ${tenant}: ${state}, ${used} of ${allowed}.`,
  where: 'Usage and limits are on the page "Usage". Whoever runs this installation can change the limits.',
};
