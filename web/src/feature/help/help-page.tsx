import { useQuery } from '@tanstack/react-query';
import { Link, useLocation, useParams } from '@tanstack/react-router';
import { BookOpen } from 'lucide-react';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import { helpText as words } from '#text/help.ts';
import { Crumb } from '../../ui/crumb.tsx';
import { Empty, ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { linkClass } from '../../ui/link.ts';
import { Page, Section } from '../../ui/page.tsx';
import { NoteView } from '../vault/note-view.tsx';
import { type DocPage, docFiles, docLinked, isDocPage, readDoc } from './pages.ts';

/** Each page is a chunk of its own. */
const sources = import.meta.glob<string>(['../../../../docs/*.md', '../../../../docs/{connectors,identity,encryption}/*.md'], {
  query: '?raw',
  import: 'default',
});

const groups: Record<keyof typeof words.groups, DocPage[]> = {
  work: ['demo', 'approvals', 'playbooks', 'policies', 'vault', 'schedules', 'notices', 'analytics'],
  outside: ['connectors', 'mail', 'calendar', 'bank', 'documents', 'webhooks', 'mcp', 'models'],
  people: ['people', 'members', 'sso', 'scim', 'machines', 'api', 'errors'],
  running: ['tenants', 'quotas', 'archive', 'backups'],
  keys: ['encryption', 'providers', 'rotation', 'audit'],
};

/** The documentation: all of its pages, or one of them. For everybody, signed in or not. */
export default function HelpPage() {
  const { page } = useParams({ strict: false });
  if (page === undefined) return <AllPages />;
  // Another page is another text to wait for.
  if (isDocPage(page)) return <OnePage key={page} page={page} />;
  return (
    <Page title={words.title} heading={<Crumb to="/help" label={words.all} />}>
      <h1 className="sr-only">{words.title}</h1>
      <Empty icon={<BookOpen size={18} aria-hidden="true" />} title={words.missing}>
        <Link to="/help" className={`mt-1 ${linkClass}`}>
          {words.all}
        </Link>
      </Empty>
    </Page>
  );
}

function AllPages() {
  return (
    <Page title={words.title}>
      <p className="-mt-3 mb-5 text-muted">{words.intro}</p>
      <div className="gap-x-6 sm:columns-2 *:break-inside-avoid">
        {(Object.keys(groups) as (keyof typeof groups)[]) // Its keys are these and no others: it is written above.
          .map((group) => (
            <Section key={group} title={words.groups[group]}>
              <ul className="divide-y divide-line">
                {groups[group].map((page) => (
                  <li key={page}>
                    <Link to="/help/$page" params={{ page }} className="flex min-h-11 items-center px-4 font-medium hover:bg-hover">
                      {words.pages[page]}
                    </Link>
                  </li>
                ))}
              </ul>
            </Section>
          ))}
      </div>
    </Page>
  );
}

function OnePage({ page }: { page: DocPage }) {
  const { hash } = useLocation();
  const area = useRef<HTMLDivElement>(null);
  const doc = useQuery({ queryKey: ['doc', page], queryFn: () => fetchDoc(page), staleTime: Number.POSITIVE_INFINITY, retry: false });
  const text = doc.data?.text;
  useEffect(() => {
    if (text !== undefined && hash !== '') showPlace(area.current, hash);
  }, [text, hash]);
  const lead = useCallback((target: string) => docLinked(page, target), [page]);
  const view = useMemo(() => text !== undefined && <NoteView source={text} lead={lead} />, [text, lead]);
  return (
    <Page
      title={words.pages[page]}
      heading={
        <div>
          <Crumb to="/help" label={words.all} />
          <h1 className="font-semibold text-title">{doc.data?.title ?? words.pages[page]}</h1>
        </div>
      }
    >
      {doc.isPending && <Skeleton rows={8} />}
      {doc.error && <ErrorBox error={doc.error} onRetry={doc.refetch} />}
      <div ref={area} lang="en">
        {view}
      </div>
      {text !== undefined && (
        <p className="mt-8">
          <Link to="/help" className={linkClass}>
            {words.all}
          </Link>
        </p>
      )}
    </Page>
  );
}

async function fetchDoc(page: DocPage): Promise<{ title: string; text: string }> {
  const load = sources[`../../../../docs/${docFiles[page]}`];
  if (load === undefined) throw new Error(`the documentation has no ${docFiles[page]}`);
  return readDoc(await load());
}

/** Brings a heading, or the row of a table about a code, into view and marks the row. */
function showPlace(area: Element | null, hash: string): void {
  const slug = (words: string) =>
    words
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-');
  for (const marked of area?.querySelectorAll('tr[data-here]') ?? []) marked.removeAttribute('data-here');
  const found =
    [...(area?.querySelectorAll('td code') ?? [])].find((code) => code.textContent === hash)?.closest('tr') ??
    [...(area?.querySelectorAll('h2, h3') ?? [])].find((heading) => slug(heading.textContent ?? '') === hash);
  if (found instanceof HTMLTableRowElement) found.setAttribute('data-here', '');
  found?.scrollIntoView({ block: 'center' });
}
