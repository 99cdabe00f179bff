/** The classes of a link that stands by itself: high enough to be hit. */
export const linkClass = 'inline-flex min-h-6 min-w-0 max-w-full items-center rounded font-medium text-accent hover:underline';
