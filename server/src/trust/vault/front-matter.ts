import { isAlias, isNode, parseDocument, visit } from 'yaml';
import { type JsonObject, jsonObjectSchema } from '#kernel';

const headCharsMax = 65_536;
const depthMax = 20;

/**
 * The YAML between the two `---` lines at the head of a note. The text below them is for people and is never looked at.
 *
 * @returns `none` without front matter; the faults in words for YAML that is broken, larger than 64 K characters, nested deeper than 20
 * levels, has a key twice, or uses anchors, aliases or tags: with those nine short lines grow to gigabytes.
 */
export function readFrontMatter(
  content: string,
): { readonly value: unknown } | { readonly none: true } | { readonly faults: readonly string[] } {
  if (!/^\uFEFF?---[ \t]*\r?\n/.test(content)) return { none: true };
  const yaml = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?)^---[ \t]*(?:\r?\n|$)/m.exec(content.slice(0, headCharsMax));
  if (yaml?.[1] === undefined || yaml.index !== 0)
    return content.length > headCharsMax ? { faults: [`The front matter is longer than ${headCharsMax} characters.`] } : { none: true };
  if (flowDepth(yaml[1]) > depthMax) return { faults: [tooDeep] };
  return readYaml(yaml[1]);
}

/** The fields of a note's front matter. A note without, or with something there that `readFrontMatter` finds fault with, has none. */
export function noteFields(content: string): JsonObject {
  const head = readFrontMatter(content);
  const fields = 'value' in head ? jsonObjectSchema.safeParse(head.value) : null;
  return fields?.data ?? {};
}

const tooDeep = `The front matter is nested deeper than ${depthMax} levels.`;

function readYaml(yaml: string): { readonly value: unknown } | { readonly faults: readonly string[] } {
  const document = parseDocument(yaml, {
    schema: 'core',
    version: '1.2',
    merge: false,
    uniqueKeys: true,
    prettyErrors: true,
    strict: true,
  });
  // "- - - - ..." nests without brackets until the parser reports the end of its stack.
  const faults = document.errors.map(({ message }) =>
    message.includes('call stack') ? tooDeep : `The front matter is not valid YAML: ${message.split('\n')[0]}`,
  );
  visit(document, (_key, node, path) => {
    const isMarked =
      isAlias(node) || (isNode(node) && (('anchor' in node && node.anchor !== undefined) || (node.tag?.startsWith('!') ?? false)));
    if (isMarked) faults.push('The front matter uses an anchor, an alias or a tag. Write the value out.');
    // Every level is a pair and a collection.
    else if (path.length > 2 * depthMax) faults.push(tooDeep);
    return faults.length > 0 ? visit.BREAK : undefined;
  });
  return faults.length > 0 ? { faults } : { value: document.toJS({ maxAliasCount: 0 }) };
}

/** The parser recurses for each bracket, so depth is counted before it runs. Brackets in texts count as well; nobody writes twenty. */
function flowDepth(yaml: string): number {
  let depth = 0;
  let deepest = 0;
  for (const character of yaml) {
    if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth = Math.max(0, depth - 1);
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}
