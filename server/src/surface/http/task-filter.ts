import { z } from 'zod';
import { type TaskFilter, taskStates } from '#flow/task';

/** What the list of tasks is narrowed by; `state=waiting,failed` or `state=waiting&state=failed`. */
export const taskFilterQuery = {
  state: z
    .union([z.string(), z.array(z.string())])
    .transform((given) => (typeof given === 'string' ? given : given.join(',')).split(','))
    .pipe(z.array(z.enum(taskStates)).max(taskStates.length))
    .optional()
    .meta({ description: `States to show, separated by commas: ${taskStates.join(', ')}.` }),
  wait: z.enum(['approval', 'question', 'unknown', 'quota']).optional().meta({ description: 'What the task waits for.' }),
  source: z.string().min(1).max(200).optional().meta({ description: 'Where the event came from.' }),
  playbook: z.string().min(1).max(200).optional().meta({ description: 'The playbook that planned it.' }),
  risk: z.enum(['low', 'medium', 'high']).optional().meta({ description: 'The highest risk among its steps.' }),
  from: z.iso.datetime({ offset: true }).optional().meta({ description: 'Made at this time or later.' }),
  until: z.iso.datetime({ offset: true }).optional().meta({ description: 'Made before this time.' }),
  q: z.string().max(200).optional().meta({ description: 'Whole words of its title or sender, all of them, in any case and order.' }),
};

type Asked = z.output<z.ZodObject<typeof taskFilterQuery>>;

/** The query of a request as the search takes it. */
export const filterOf = ({ state, wait, source, playbook, risk, from, until, q }: Asked): TaskFilter => ({
  states: state,
  waitReason: wait,
  source,
  playbook,
  risk,
  from: from === undefined ? undefined : new Date(from),
  until: until === undefined ? undefined : new Date(until),
  words: q,
});
