import type { JsonObject } from '#kernel';
import type { Archive } from './archive.ts';
import { readXml } from './xml.ts';

/** A reference from one part of an Office document to another, or to something outside. */
interface Relation {
  readonly id: string;
  readonly type: string;
  readonly target: string;
  readonly isExternal: boolean;
}

/** The part that an Office document begins with (ISO/IEC 29500-2), or null for an archive that is none. */
export async function mainPartOf(archive: Archive): Promise<string | null> {
  if (!archive.has('[Content_Types].xml')) return null;
  const relations = await relationsOf(archive, '_rels/.rels');
  const main = relations.find(({ type, isExternal }) => type.endsWith('/officeDocument') && !isExternal);
  return main === undefined ? null : main.target.replace(/^\//, '');
}

/** A part as text, or null. XML is UTF-8 here; where it is UTF-16 it says so. */
export async function partText(archive: Archive, name: string): Promise<{ readonly text: string; readonly isCut: boolean } | null> {
  const part = await archive.read(name);
  if (part === null) return null;
  const { bytes, isCut } = part;
  const isWide = bytes.length > 1 && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff));
  return { text: new TextDecoder(isWide ? (bytes[0] === 0xff ? 'utf-16le' : 'utf-16be') : 'utf-8').decode(bytes), isCut };
}

/** The relations that a part names, by their ids. */
export async function relationsOf(archive: Archive, name: string): Promise<readonly Relation[]> {
  const part = await partText(archive, name);
  const relations: Relation[] = [];
  for (const token of readXml(part?.text ?? '')) {
    if (token.type !== 'open' || token.name !== 'Relationship') continue;
    relations.push({
      id: token.attributes.get('Id') ?? '',
      type: token.attributes.get('Type') ?? '',
      target: token.attributes.get('Target') ?? '',
      isExternal: token.attributes.get('TargetMode') === 'External',
    });
  }
  return relations;
}

/** The name of a part that another one refers to: relative to the other's folder, or from the root. */
export const resolvePart = (folder: string, target: string): string =>
  target.startsWith('/') ? target.slice(1) : new URL(target, `zip:///${folder}/`).pathname.slice(1);

/** What the document says of itself, and what people should know before they open it. */
export async function factsOf(
  archive: Archive,
): Promise<{ readonly title: string | undefined; readonly metadata: JsonObject; readonly warnings: readonly string[] }> {
  const core = await valuesOf(archive, 'docProps/core.xml');
  const app = await valuesOf(archive, 'docProps/app.xml');
  const named = {
    author: core.get('creator'),
    changedBy: core.get('lastModifiedBy'),
    subject: core.get('subject'),
    createdAt: core.get('created'),
    changedAt: core.get('modified'),
    program: app.get('Application'),
    company: app.get('Company'),
  };
  const warnings: string[] = [];
  if (archive.parts.some(({ name }) => /vbaProject\.bin$|macrosheets\//i.test(name)))
    warnings.push('It contains macros. Those were not run.');
  if (archive.parts.some(({ name }) => /\/(?:embeddings|activeX)\//i.test(name)))
    warnings.push('It contains other documents or controls. Those were not opened.');
  if (await refersOutside(archive))
    warnings.push('It refers to files or addresses outside, which programs load when they open it. Nothing was fetched.');
  return {
    title: core.get('title'),
    metadata: Object.fromEntries(
      Object.entries(named).flatMap(([name, value]) =>
        value === undefined || value === '' ? [] : [[name, value.toWellFormed().slice(0, 500)]],
      ),
    ),
    warnings,
  };
}

/** The text of each element that has nothing but text. */
async function valuesOf(archive: Archive, name: string): Promise<ReadonlyMap<string, string>> {
  const part = await partText(archive, name);
  const values = new Map<string, string>();
  let text = '';
  for (const token of readXml(part?.text.slice(0, 100_000) ?? '')) {
    if (token.type === 'text') text += token.text;
    else {
      if (token.type === 'close' && text.trim() !== '') values.set(token.name, text.trim());
      text = '';
    }
  }
  return values;
}

const relationPartsMax = 60;

/** Templates, images and data that would be loaded; a link that somebody has to click is none. */
async function refersOutside(archive: Archive): Promise<boolean> {
  const parts = archive.parts.filter(({ name }) => name.endsWith('.rels')).slice(0, relationPartsMax);
  for (const { name } of parts) {
    const relations = await relationsOf(archive, name);
    if (relations.some(({ isExternal, type }) => isExternal && !type.endsWith('/hyperlink'))) return true;
  }
  return false;
}
