import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { History } from 'lucide-react';
import { text } from '#text/common.ts';
import { vaultText } from '#text/vault.ts';
import { buttonClass } from '../../ui/button.tsx';
import { Crumb } from '../../ui/crumb.tsx';
import { ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { Id } from '../../ui/id.tsx';
import { Page } from '../../ui/page.tsx';
import { ScrollBox } from '../../ui/scroll-box.tsx';
import { NoteView } from './note-view.tsx';
import { nameOf, noteQuery } from './queries.ts';

const route = getRouteApi('/vault/note');

/** One note, to read. */
export default function NotePage() {
  const { path } = route.useSearch();
  const note = useQuery(noteQuery(path));
  const name = nameOf(path).replace(/\.md$/, '');
  return (
    <Page
      title={name}
      heading={<Crumb to="/vault" label={text.nav.vault} />}
      side={
        <Link to="/vault/history" search={{ path }} className={buttonClass('plain', 'small')}>
          <History size={13} aria-hidden="true" />
          {vaultText.history.open}
        </Link>
      }
    >
      <h1 className="font-semibold text-figure tracking-tight max-sm:text-title">
        <ForeignText value={name} cutAt={200} />
      </h1>
      <p className="mt-1 mb-5">
        <Id value={path} shown={path} />
      </p>
      {note.error && !note.data && <ErrorBox error={note.error} onRetry={note.refetch} />}
      {note.isPending && <Skeleton rows={4} />}
      {note.data !== undefined && (
        <article className="rounded-card border border-line bg-panel px-4 py-4 sm:px-6">
          {note.data.kind === 'markdown' && <NoteView source={note.data.text} />}
          {note.data.kind === 'text' && (
            <ScrollBox label={text.vault.file} className="whitespace-pre font-mono text-note">
              <ForeignText value={note.data.text} cutAt={20_000} block />
            </ScrollBox>
          )}
          {note.data.kind === 'binary' && <p className="text-muted">{text.vault.binary}</p>}
        </article>
      )}
    </Page>
  );
}
