/** English: the weekly briefing. */
export const briefing = {
  title: (day: string) => `Monday briefing, ${day}`,
  span: (from: string, to: string) => `${from} to ${to}.`,
  waiting: {
    title: 'Waiting for you',
    nothing: 'Nothing waits for you.',
    one: (headline: string, age: string) => `${headline} (${age})`,
    oneExpiring: (headline: string, age: string) => `${headline} (${age}, expires soon)`,
    fresh: 'new',
    more: (count: string) => `${count} more to approve`,
    question: '1 question about work that nothing knows how to do',
    questions: (count: string) => `${count} questions about work that nothing knows how to do`,
    unknown: '1 step of which nobody can tell whether it happened',
    unknowns: (count: string) => `${count} steps of which nobody can tell whether they happened`,
  },
  money: {
    title: 'Money',
    flow: (revenue: string, spending: string) => `Revenue ${revenue}, spending ${spending}`,
    to: (amount: string, name: string) => `${amount} to ${name}`,
    nothing: 'No transactions came in.',
    invoice: (due: string) => `1 invoice open, ${due} due this week`,
    invoices: (count: string, due: string) => `${count} invoices open, ${due} due this week`,
  },
  work: {
    title: 'Work done',
    task: (before: string) => `1 task arrived (${before} the week before)`,
    tasks: (count: string, before: string) => `${count} tasks arrived (${before} the week before)`,
    completed: (count: string, before: string) => `${count} completed (${before})`,
    completedIn: (count: string, before: string, span: string) => `${count} completed (${before}) in ${span} (median)`,
    partly: (refused: string, partly: string) => `${refused} refused, ${partly} done in part`,
    failed: (count: string, before: string) => `${count} failed (${before})`,
    answered: (approved: string, rejected: string) => `${approved} approved and ${rejected} rejected`,
    answeredIn: (approved: string, rejected: string, span: string) =>
      `${approved} approved and ${rejected} rejected, answered within ${span} (median)`,
  },
  bottlenecks: {
    title: 'Bottlenecks',
    slow: (tool: string, span: string, count: string) => `${tool}: answers took ${span} (${count} asked)`,
    failed: '1 task failed and can be resumed',
    failures: (count: string) => `${count} tasks failed and can be resumed`,
  },
  suggestions: {
    title: 'Suggestions',
    routine: (tool: string, count: string) =>
      `You approved ${tool} ${count} times and never refused it. A standing permission would spare you the question.`,
    unplanned: (count: string, what: string) => `${count} events of ${what} found no playbook. One would let them be handled.`,
    expired: '1 question expired unanswered. Delegate while you are away.',
    expirations: (count: string) => `${count} questions expired unanswered. Delegate while you are away.`,
  },
};
