import { playbooksText } from '#text/playbooks.ts';
import type { JsonObject } from '../../api/types.ts';
import type { TemplateName } from './template-names.ts';

const subject = (words: string): JsonObject => ({ subject: { regex: `(?i)${words}` } });

/** The front matter that a new playbook begins with. */
export const templates: Record<TemplateName, JsonObject> = {
  blank: { when: { source: 'mail', match: {} }, steps: [] },
  answer: {
    when: { source: 'mail', match: subject('question') },
    steps: [
      {
        id: 'answer',
        tool: 'mail.draft',
        args: { to: ['$event.sender'], subject: 'Re: ${event.subject}', text: playbooksText.answerText },
      },
    ],
  },
  file: {
    when: { source: 'mail', match: subject('report') },
    steps: [{ id: 'keep', tool: 'vault.write', args: { path: 'Inbox/${task.receivedOn} ${task.id}.md', content: '$event.text' } }],
  },
  hold: {
    summary: 'Hold ${extract.start} for ${event.sender}',
    when: { source: 'mail', match: subject('meeting|appointment') },
    extract: { start: { type: 'datetime', from: 'text' } },
    steps: [
      {
        id: 'hold',
        tool: 'calendar.hold',
        args: { title: '${event.subject}', start: '$extract.start', durationMinutes: 60 },
      },
      {
        id: 'answer',
        tool: 'mail.draft',
        args: { to: ['$event.sender'], subject: 'Re: ${event.subject}', text: playbooksText.answerText },
        after: ['hold'],
      },
    ],
  },
};
