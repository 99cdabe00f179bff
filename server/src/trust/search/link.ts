/** A link in a note's text, as it is written. */
export interface WrittenLink {
  /** Without its label and what it points at inside the note. */
  readonly target: string;
  /** `[[...]]` names a note wherever it stands; `[label](target)` goes from where the note stands. */
  readonly kind: 'wiki' | 'relative';
}

const linksMax = 500;
const wiki = /\[\[([^[\]\r\n]{1,400})\]\]/g;
const relative = /\]\((?:<([^<>\r\n]{1,600})>|([^()\s<>]{1,600}))(?:[ \t]{1,4}"[^"\r\n]{0,200}")?\)/g;
/** The line that begins a block of code, and with as many of the same signs alone on a line, the one that ends it. */
const fence = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/;
const inlineCode = /`[^`\r\n]{1,1000}`/g;

/** The links of a note to other notes and files, each target once, at most 500. Addresses of the outside are none. */
export function findLinks(content: string): WrittenLink[] {
  const text = content.includes('`') || content.includes('~~~') ? withoutCode(content) : content;
  const found = new Map<string, WrittenLink>();
  const add = (target: string | null, kind: WrittenLink['kind']) => {
    if (target !== null && target !== '' && found.size < linksMax) found.set(`${kind} ${target}`, { target, kind });
  };
  for (const [, inner = ''] of text.matchAll(wiki)) add((inner.split(/[|#^]/, 1)[0] ?? '').trim(), 'wiki');
  for (const [, quoted, plain] of text.matchAll(relative)) add(relativeTarget(quoted ?? plain ?? ''), 'relative');
  return [...found.values()];
}

/** The text without what is code: nothing in it is a link. A block that nobody ends goes on to the end. One look at each line. */
function withoutCode(content: string): string {
  const kept: string[] = [];
  let open: string | undefined;
  for (const line of content.split(/\r?\n/)) {
    const marks = fence.exec(line)?.[1];
    if (open === undefined && marks === undefined) kept.push(line.replace(inlineCode, ' '));
    else if (open === undefined) open = marks;
    else if (marks?.startsWith(open) && line.trim() === marks) open = undefined;
  }
  return kept.join('\n');
}

function relativeTarget(written: string): string | null {
  if (/^(?:[a-z][a-z0-9+.-]*:|\/\/|#)/i.test(written)) return null;
  try {
    return decodeURIComponent(written.split(/[?#]/, 1)[0] ?? '');
  } catch {
    return null;
  }
}

/** What links are found by when they may point at a path: the name at its end, folded, without `.md`. */
export const linkName = (target: string): string =>
  target
    .slice(target.lastIndexOf('/') + 1)
    .replace(/\.md$/i, '')
    .normalize('NFC')
    .toLowerCase();

/** Where things stand in a vault, as far as links need it. */
export interface Places {
  /** What lies at a path, whatever its case. */
  at(path: string): string | undefined;
  /** Everything whose name a link could mean. */
  named(name: string): readonly string[];
}

/**
 * The path that a link in a note means; null when nothing is there. A bare name means the note beside the one that names it, else the one
 * with the shortest path.
 */
export function resolveLink({ target, kind }: WrittenLink, from: string, places: Places): string | null {
  for (const path of candidatesOf({ target, kind }, from)) {
    const found = places.at(path) ?? places.at(`${path}.md`);
    if (found !== undefined) return found;
  }
  if (kind === 'relative' || target.includes('/')) return null;
  const [best] = places.named(linkName(target)).toSorted((one, other) => one.length - other.length || (one < other ? -1 : 1));
  return best ?? null;
}

/** Where what a link means may stand, before names are looked for. */
export function candidatesOf({ target, kind }: WrittenLink, from: string): string[] {
  const folder = from.slice(0, Math.max(0, from.lastIndexOf('/')));
  const beside = joined(folder, target);
  if (target.startsWith('/')) return [joined('', target)].flatMap((path) => path ?? []);
  return [beside, kind === 'wiki' ? joined('', target) : null].flatMap((path) => path ?? []);
}

/** Null for what leads out of the vault. */
function joined(folder: string, target: string): string | null {
  const parts = target.startsWith('/') || folder === '' ? [] : folder.split('/');
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (parts.length === 0) return null;
      parts.pop();
    } else parts.push(part);
  }
  return parts.length === 0 ? null : parts.join('/');
}
