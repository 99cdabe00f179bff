import { Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
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
  const yaml = headOf(content);
  if (yaml === null)
    return content.length > headCharsMax ? { faults: [`The front matter is longer than ${headCharsMax} characters.`] } : { none: true };
  if (flowDepth(yaml) > depthMax) return { faults: [tooDeep] };
  return readYaml(yaml);
}

/** What stands between the two lines, null where there are none. */
function headOf(content: string): string | null {
  const yaml = headPattern.exec(content.slice(0, headCharsMax));
  return yaml?.index === 0 ? (yaml[1] ?? null) : null;
}
const headPattern = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?)^---[ \t]*(?:\r?\n|$)/m;

/** On which line of the note a field stands, or the nearest around it that is there; null for front matter that cannot be read. */
export function fieldLines(content: string): (path: readonly (string | number)[]) => number | null {
  const yaml = headOf(content);
  if (yaml === null || flowDepth(yaml) > depthMax) return () => null;
  const lines = new LineCounter();
  const { document, faults } = parseYaml(yaml, lines);
  if (faults.length > 0) return () => null;
  const { contents } = document;
  return (path) => {
    let here: unknown = contents;
    let offset = isNode(contents) ? contents.range?.[0] : undefined;
    for (const segment of path) {
      if (isMap(here)) {
        const pair = here.items.find(({ key }) => isScalar(key) && key.value === segment);
        if (pair === undefined) break;
        offset = isNode(pair.key) ? pair.key.range?.[0] : offset;
        here = pair.value;
      } else {
        const item = isSeq(here) && typeof segment === 'number' ? here.items[segment] : undefined;
        if (item === undefined) break;
        offset = isNode(item) ? item.range?.[0] : offset;
        here = item;
      }
    }
    return offset === undefined ? null : lines.linePos(offset).line;
  };
}

/**
 * The note with other fields in its front matter: what is the same stays as it is written, comments and all; the text below stays too.
 * A note without front matter, or with some that cannot be read, gets the fields in front of it or in its place.
 */
export function writeFields(content: string, fields: JsonObject): string {
  const head = readFrontMatter(content);
  const before = 'value' in head ? jsonObjectSchema.safeParse(head.value).data : undefined;
  const document = before === undefined ? new Document({}, yamlOptions) : parseDocument(headOf(content) ?? '', yamlOptions);
  for (const name of Object.keys(before ?? {})) if (!Object.hasOwn(fields, name)) document.delete(name);
  for (const [name, value] of Object.entries(fields))
    if (JSON.stringify(before?.[name]) !== JSON.stringify(value)) document.set(name, document.createNode(value));
  const found = headPattern.exec(content.slice(0, headCharsMax));
  // Further down such lines are rules between paragraphs.
  const body = found?.index === 0 ? content.slice(found[0].length) : content;
  return `---\n${document.toString({ lineWidth: 0, flowCollectionPadding: true })}---\n${body}`;
}

/** The fields of a note's front matter. A note without, or with something there that `readFrontMatter` finds fault with, has none. */
export function noteFields(content: string): JsonObject {
  const head = readFrontMatter(content);
  const fields = 'value' in head ? jsonObjectSchema.safeParse(head.value) : null;
  return fields?.data ?? {};
}

const yamlOptions = { schema: 'core', version: '1.2', merge: false, uniqueKeys: true, prettyErrors: true, strict: true } as const;
/** With a line for the `---` above it, so that lines are those of the note. */
const yamlOf = (yaml: string): string => `\n${yaml}`;

const tooDeep = `The front matter is nested deeper than ${depthMax} levels.`;

function readYaml(yaml: string): { readonly value: unknown } | { readonly faults: readonly string[] } {
  const { document, faults } = parseYaml(yaml, new LineCounter());
  return faults.length > 0 ? { faults } : { value: document.toJS({ maxAliasCount: 0 }) };
}

function parseYaml(yaml: string, lineCounter: LineCounter) {
  const document = parseDocument(yamlOf(yaml), { ...yamlOptions, lineCounter });
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
  return { document, faults };
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
