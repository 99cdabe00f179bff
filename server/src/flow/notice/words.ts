import type { NoticeKind } from './kinds.ts';

/** What notices say outside our pages. Without a title they give nothing away. */
export const words = {
  product: 'Factotum',
  something: 'Something needs you.',
  several: (count: number) => `${count} things need you.`,
  kinds: {
    approval: 'Waits for your approval',
    delegated: 'Handed to you for a decision',
    comment: 'New comment',
    question: 'A question about a task',
    unknown: 'Nobody can tell whether this happened',
    failed: 'A task has failed',
    connection: 'A connection needs you',
    quota: 'A quota fills up',
  } satisfies Record<NoticeKind, string>,
  trial: 'This browser will be told.',
  mail: {
    subject: (tenant: string, count: number) => `Factotum, ${tenant}: ${count === 1 ? 'something needs you' : `${count} things need you`}`,
    lead: (tenant: string, count: number) => `${count === 1 ? 'One thing needs' : `${count} things need`} you in ${tenant}:`,
    counted: (kind: string, count: number) => `- ${kind}: ${count}`,
    titled: (kind: string, title: string) => `- ${kind}: ${title}`,
    more: (count: number) => `- and ${count} more`,
    open: (url: string) => `Look at it: ${url}`,
    change: (url: string) => `What you are told, and when: ${url}`,
  },
} as const;
