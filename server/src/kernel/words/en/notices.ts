/** English: what notices say outside our pages. Without a title they give nothing away. */
export const notices = {
  product: 'Factotum',
  something: 'Something needs you.',
  several: (count: string) => `${count} things need you.`,
  kinds: {
    approval: 'Waits for your approval',
    delegated: 'Handed to you for a decision',
    comment: 'New comment',
    question: 'A question about a task',
    unknown: 'Nobody can tell whether this happened',
    failed: 'A task has failed',
    connection: 'A connection needs you',
    quota: 'A quota fills up',
  },
  trial: 'This browser will be told.',
  mail: {
    subjectOne: (tenant: string) => `Factotum, ${tenant}: something needs you`,
    subject: (tenant: string, count: string) => `Factotum, ${tenant}: ${count} things need you`,
    leadOne: (tenant: string) => `One thing needs you in ${tenant}:`,
    lead: (tenant: string, count: string) => `${count} things need you in ${tenant}:`,
    counted: (kind: string, count: string) => `- ${kind}: ${count}`,
    titled: (kind: string, title: string) => `- ${kind}: ${title}`,
    more: (count: string) => `- and ${count} more`,
    open: (url: string) => `Look at it: ${url}`,
    change: (url: string) => `What you are told, and when: ${url}`,
  },
};
