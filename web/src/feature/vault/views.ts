/** How a version of a note is shown, the usual first. */
export const versionViews = ['before', 'now', 'text'] as const;
export type VersionView = (typeof versionViews)[number];
