import { Link } from '@tanstack/react-router';
import { CheckSquare, ImageOff, Square } from 'lucide-react';
import { createContext, Fragment, type ReactNode, useContext, useMemo } from 'react';
import { vaultText } from '#text/vault.ts';
import { text } from '#text/work.ts';
import type { NoteLinks } from '../../api/vault.ts';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { ScrollBox } from '../../ui/scroll-box.tsx';
import { type Block, type Inline, parseInline, parseNote } from './markdown.ts';

type Links = NoteLinks['links'];
const Leading = createContext<Links>([]);

/** Where a link in a page of the documentation leads, if the dashboard has that page. */
export type DocLead = (target: string) => { page: string; hash: string } | null;
const LeadingInDocs = createContext<DocLead | null>(null);

/**
 * A note as readable text: nothing in it loads, runs or leads away, but for links to other notes that are known to be there. With `lead` it
 * is a page of the documentation, whose links lead to other pages of it.
 */
export function NoteView({ source, links = [], lead = null }: { source: string; links?: Links; lead?: DocLead | null }) {
  const note = useMemo(() => parseNote(source), [source]);
  return (
    <LeadingInDocs value={lead}>
      <Leading value={links}>
        <div className="space-y-3 text-[0.875rem] leading-6">
          {note.properties.length > 0 && (
            <dl
              aria-label={text.vault.properties}
              className="grid grid-cols-[8rem_minmax(0,1fr)] gap-x-3 rounded-popup bg-bg px-3 py-2 text-note"
            >
              {note.properties.map(([name, value]) => (
                <Fragment key={name}>
                  <dt className="truncate py-0.5 text-muted">{name}</dt>
                  <dd className="min-w-0 py-0.5">
                    <ForeignText value={value} cutAt={200} />
                  </dd>
                </Fragment>
              ))}
            </dl>
          )}
          {note.blocks.map((block, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: blocks are parsed anew for each text and never reordered
            <BlockView key={i} block={block} />
          ))}
        </div>
      </Leading>
    </LeadingInDocs>
  );
}

function BlockView({ block }: { block: Block }) {
  switch (block.kind) {
    case 'heading':
      return <Heading level={block.level} words={block.text} />;
    case 'rule':
      return <hr className="border-line" />;
    case 'code':
      return (
        <ScrollBox label={text.vault.code} className="max-h-96 whitespace-pre rounded-control bg-hover p-3 font-mono text-note">
          <ForeignText value={block.text} cutAt={4000} block />
        </ScrollBox>
      );
    case 'quote':
      return (
        <blockquote className="whitespace-pre-wrap border-line border-l-2 pl-3 text-muted">
          <Words value={block.text} />
        </blockquote>
      );
    case 'list':
      return <List items={block.items} />;
    case 'table':
      return <Table head={block.head} rows={block.rows} />;
    case 'paragraph':
      return (
        <p className="whitespace-pre-wrap">
          <Words value={block.text} />
        </p>
      );
  }
}

/** The page has the h1, so a note's headings begin one level below; a page of the documentation has its own first one as h1. */
function Heading({ level, words }: { level: number; words: string }) {
  const isDoc = useContext(LeadingInDocs) !== null;
  if (level === 1 || (isDoc && level === 2)) {
    return (
      <h2 className="pt-1 font-semibold text-lead">
        <Words value={words} />
      </h2>
    );
  }
  return (
    <h3 className="pt-1 font-semibold">
      <Words value={words} />
    </h3>
  );
}

const indents = ['', 'pl-5', 'pl-10', 'pl-15', 'pl-20'];

function List({ items }: { items: Extract<Block, { kind: 'list' }>['items'] }) {
  return (
    <ul className="space-y-1">
      {items.map((item, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: as above
        <li key={i} className={`flex gap-2 ${indents[item.depth]}`}>
          <span className="flex w-4 shrink-0 justify-end text-muted">
            {item.checked === null && (item.number ?? '•')}
            {item.checked === true && <CheckSquare size={15} aria-label={text.common.yes} className="mt-1" />}
            {item.checked === false && <Square size={15} aria-label={text.common.no} className="mt-1" />}
          </span>
          <span className="min-w-0">
            <Words value={item.text} />
          </span>
        </li>
      ))}
    </ul>
  );
}

function Table({ head, rows }: { head: string[]; rows: string[][] }) {
  return (
    <ScrollBox label={head.join(', ')} className="">
      <table className="w-full text-left">
        <thead>
          <tr className="border-line border-b text-muted text-note">
            {head.map((cell, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: as above
              <th key={i} scope="col" className="py-1 pr-4 font-medium">
                <Words value={cell || '·'} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: as above
            <tr key={i} className="border-line border-b last:border-b-0 data-here:bg-accent-soft">
              {row.map((cell, j) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: as above
                <td key={j} className="min-w-14 py-1 pr-4 align-top">
                  <Words value={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}

function Words({ value }: { value: string }) {
  // biome-ignore lint/suspicious/noArrayIndexKey: as above
  return parseInline(value).map((part, i) => <InlineView key={i} part={part} />);
}

function InlineView({ part }: { part: Inline }) {
  switch (part.kind) {
    case 'text':
      return <ForeignText value={part.text} cutAt={5000} />;
    case 'bold':
      return (
        <strong>
          <ForeignText value={part.text} cutAt={5000} />
        </strong>
      );
    case 'emphasis':
      return (
        <em>
          <ForeignText value={part.text} cutAt={5000} />
        </em>
      );
    case 'code':
      return (
        <code className="rounded bg-hover px-1 font-mono text-note">
          <ForeignText value={part.text} cutAt={500} />
        </code>
      );
    case 'note':
      return (
        <Lead kind="wiki" target={part.target}>
          <ForeignText value={part.text} cutAt={400} />
        </Lead>
      );
    case 'link':
      return <WrittenLink part={part} />;
    case 'image':
      return (
        <span className="inline-flex items-center gap-1 rounded bg-hover px-1.5 text-muted text-note">
          <ImageOff size={12} aria-hidden="true" />
          <ForeignText value={text.vault.image(part.text)} cutAt={200} />
        </span>
      );
  }
}

/** A link as somebody wrote it: into the documentation, to a note, or an address that is shown and not followed. */
function WrittenLink({ part }: { part: Extract<Inline, { kind: 'link' }> }) {
  const lead = useContext(LeadingInDocs);
  const words = <ForeignText value={part.text} cutAt={400} />;
  if (lead !== null && isInDocs(part.target)) {
    const found = lead(part.target);
    if (found === null) return words;
    return (
      <Link to="/help/$page" params={{ page: found.page }} {...(found.hash !== '' && { hash: found.hash })} className={leadClass}>
        {words}
      </Link>
    );
  }
  return isInside(part.target) ? (
    <Lead kind="relative" target={targetOf(part.target)}>
      {words}
    </Lead>
  ) : (
    <span>
      <ForeignText value={part.text} />{' '}
      <span className="font-mono text-muted text-note">
        ‹<ForeignText value={part.target} cutAt={200} />›
      </span>
    </span>
  );
}

/** A link to where it leads; only its words where nothing is, or where nobody has said that something is. */
function Lead({ kind, target, children }: { kind: Links[number]['kind']; target: string; children: ReactNode }) {
  const found = useContext(Leading).find((link) => link.kind === kind && link.target === target);
  if (found === undefined) return children;
  if (found.path === null)
    return (
      <span title={vaultText.links.nowhere} className="text-muted underline decoration-dotted">
        {children}
      </span>
    );
  const title = found.moved ? `${vaultText.links.isMoved}: ${found.path}` : found.path;
  return /\.md$/i.test(found.path) ? (
    <Link to="/vault/note" search={{ path: found.path }} title={title} className={leadClass}>
      {children}
    </Link>
  ) : (
    <Link to="/vault/files" title={title} className={leadClass}>
      {children}
    </Link>
  );
}

const leadClass = 'font-medium text-accent underline decoration-accent/40 hover:decoration-accent';

/** To another page, or to a place in this one. */
const isInDocs = (target: string): boolean => isInside(target) || /^#./.test(target);

const isInside = (target: string): boolean => !/^(?:[a-z][a-z0-9+.-]*:|\/\/|#)/i.test(target) && target !== '';

/** As the server names it: decoded, without what it points at inside the note. */
function targetOf(written: string): string {
  const bare = /^<([^<>]*)>/.exec(written)?.[1] ?? written.replace(/\s+".*"$/, '');
  try {
    return decodeURIComponent(bare.split(/[?#]/, 1)[0] ?? '');
  } catch {
    return bare;
  }
}
