import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Ellipsis, History, Pencil } from 'lucide-react';
import { useState } from 'react';
import { vaultText } from '#text/vault.ts';
import { text } from '#text/work.ts';
import { buttonClass, iconButtonClass } from '../../ui/button.tsx';
import { Crumb } from '../../ui/crumb.tsx';
import { ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { Id } from '../../ui/id.tsx';
import { laterPopup } from '../../ui/later-popup.tsx';
import { Page } from '../../ui/page.tsx';
import { ScrollBox } from '../../ui/scroll-box.tsx';
import { Help } from '../help/help.tsx';
import { useSignedIn } from '../session/session.ts';
import { Backlinks } from './backlinks.tsx';
import { DeleteDialog, MoveDialog } from './note-dialogs.tsx';
import { NoteView } from './note-view.tsx';
import { linksQuery, nameOf, noteQuery } from './queries.ts';

const More = laterPopup('menu', () => import('./note-menu.tsx'));

const words = vaultText.edit;
const route = getRouteApi('/vault/note');

/** One note, to read; where its links lead, and what leads to it. */
export default function NotePage() {
  const { path } = route.useSearch();
  const [open, setOpen] = useState<'move' | 'delete' | null>(null);
  const close = () => setOpen(null);
  const note = useQuery(noteQuery(path));
  const links = useQuery(linksQuery(path));
  const mayWrite = useSignedIn().permissions.includes('vault:write') && links.data?.generated === false && note.data !== undefined;
  const name = nameOf(path).replace(/\.md$/, '');
  // What somebody from outside wrote leads nowhere by itself.
  const isOurs = links.data !== undefined && (links.data.trusted || links.data.generated);
  return (
    <Page
      title={name}
      heading={<Crumb to="/vault" label={text.nav.vault} />}
      help={<Help topic="note" />}
      side={
        <div className="flex flex-wrap gap-2">
          {mayWrite && (
            <More
              label={words.more}
              face={<Ellipsis size={16} aria-hidden="true" />}
              className={iconButtonClass}
              onMove={() => setOpen('move')}
              onDelete={() => setOpen('delete')}
            />
          )}
          <Link to="/vault/history" search={{ path }} className={buttonClass('plain', 'small')}>
            <History size={13} aria-hidden="true" />
            {vaultText.history.open}
          </Link>
          {mayWrite && note.data?.kind !== 'binary' && (
            <Link to="/vault/edit" search={{ path }} className={buttonClass('primary', 'small')}>
              <Pencil size={13} aria-hidden="true" />
              {words.open}
            </Link>
          )}
        </div>
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
          {note.data.kind === 'markdown' && <NoteView source={note.data.text} links={isOurs ? links.data.links : []} />}
          {note.data.kind === 'text' && (
            <ScrollBox label={text.vault.file} className="whitespace-pre font-mono text-note">
              <ForeignText value={note.data.text} cutAt={20_000} block />
            </ScrollBox>
          )}
          {note.data.kind === 'binary' && <p className="text-muted">{text.vault.binary}</p>}
        </article>
      )}
      {note.data !== undefined && <Backlinks links={links} />}
      {open === 'move' && note.data && <MoveDialog path={path} etag={note.data.etag} onClose={close} />}
      {open === 'delete' && note.data && <DeleteDialog path={path} etag={note.data.etag} onClose={close} />}
    </Page>
  );
}
