/** What a new playbook can begin with. */
export const templateNames = ['blank', 'answer', 'file', 'hold'] as const;
export type TemplateName = (typeof templateNames)[number];
