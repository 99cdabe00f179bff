/** The words of the demo that a new installation begins with. */
const plural = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;

export const demoText = {
  mark: 'Demo',
  markHelp: 'This came with the demo.',
  banner: 'You are looking at a demo: what is marked so is made up, and nothing of it leaves this installation.',
  remove: 'Remove the demo',
  removeTitle: 'Remove the demo?',
  removeText: (tasks: number, notes: number) =>
    `${plural(tasks, 'task', 'tasks')} with all that belongs to them, ${plural(notes, 'note', 'notes')} and the standing permission of the demo go. What you made or changed stays, and so does the audit log. It cannot be taken back.`,
  removed: (tasks: number, notes: number) => `The demo is gone: ${plural(tasks, 'task', 'tasks')} and ${plural(notes, 'note', 'notes')}`,
  kept: (paths: string) => `You changed these notes, so they stayed: ${paths}`,
};
