/** Names under which programs write before they rename: still growing, or not meant for us. */
export const isUnfinished = (name: string): boolean =>
  name.startsWith('.') || name.startsWith('~') || name.endsWith('~') || /\.(part|crdownload|tmp|swp)$/i.test(name);
