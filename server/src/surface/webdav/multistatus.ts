import { STATUS_CODES } from 'node:http';
import { hrefOf } from './name.ts';
import { escapeXml } from './xml.ts';

/** What is said of one resource: properties by the status that each has. */
export interface PropertyAnswer {
  readonly path: string;
  readonly isFolder: boolean;
  /** Elements, as XML in which `d` is the protocol's namespace. */
  readonly properties: ReadonlyMap<number, readonly string[]>;
}

const statusLine = (status: number): string => `<d:status>HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}</d:status>`;

/** Answers for several resources (RFC 4918, 13). */
export function multistatus(answers: readonly PropertyAnswer[]): Response {
  const responses = answers.map(({ path, isFolder, properties }) => {
    const parts = [...properties].flatMap(([status, elements]) =>
      elements.length === 0 ? [] : [`<d:propstat><d:prop>${elements.join('')}</d:prop>${statusLine(status)}</d:propstat>`],
    );
    const all = parts.length === 0 ? `<d:propstat><d:prop/>${statusLine(200)}</d:propstat>` : parts.join('');
    return `<d:response><d:href>${escapeXml(hrefOf(path, isFolder))}</d:href>${all}</d:response>`;
  });
  return xmlResponse(207, `<d:multistatus xmlns:d="DAV:">${responses.join('')}</d:multistatus>`);
}

export const xmlResponse = (status: number, body: string, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(`<?xml version="1.0" encoding="utf-8"?>\n${body}\n`, {
    status,
    headers: { 'content-type': 'application/xml; charset=utf-8', 'cache-control': 'no-store', ...headers },
  });
