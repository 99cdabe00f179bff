import { convert } from 'html-to-text';
import type { Read, ReadLimits } from './document.ts';
import { decodeText } from './plain-text.ts';

/** What is nested to the end takes its reader quadratic time; this much of it stays within the time of a document. */
const htmlCharsMax = 1024 * 1024;

/** The readable text of a page: no scripts, no images, nothing fetched; links with their address. */
export function readHtml(bytes: Buffer, { mediaType }: ReadLimits & { readonly mediaType: string | null }): Read {
  const charset = /<meta[^>]{0,200}charset\s*=\s*["']?([\w-]{1,40})/i.exec(bytes.toString('latin1', 0, 4_096))?.[1];
  const { text: html, encoding } = decodeText(
    bytes.subarray(0, 4 * htmlCharsMax),
    charset === undefined ? mediaType : `text/html; charset=${charset}`,
  );
  const start = html.slice(0, htmlCharsMax);
  const text = convert(start, {
    wordwrap: false,
    limits: { maxInputLength: htmlCharsMax, maxDepth: 200, maxChildNodes: 20_000 },
    selectors: [
      { selector: 'img', format: 'skip' },
      { selector: 'title', format: 'skip' },
      { selector: 'table', format: 'dataTable' },
    ],
  });
  const title = /<title[^>]{0,200}>([^<]{1,300})/i.exec(start)?.[1];
  return {
    kind: 'html',
    text,
    title: title === undefined ? undefined : convert(title, { wordwrap: false }),
    metadata: { encoding },
    truncated: start.length < html.length || 4 * htmlCharsMax < bytes.length,
    warnings: /<script\b/i.test(start) ? ['It contains scripts. Those were not run.'] : [],
  };
}
