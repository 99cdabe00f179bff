export const policyViews = ['form', 'text', 'versions'] as const;
export type PolicyView = (typeof policyViews)[number];
