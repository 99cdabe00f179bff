import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { FileText, FolderClosed, Search } from 'lucide-react';
import { useState } from 'react';
import { filesText } from '#text/files.ts';
import { vaultText } from '#text/vault.ts';
import { text } from '#text/work.ts';
import type { NoteItem } from '../../api/types.ts';
import { formatBytes } from '../../format.ts';
import { buttonClass } from '../../ui/button.tsx';
import { Empty, ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';
import { ForeignLine } from '../../ui/foreign-text.tsx';
import { NewButton } from '../../ui/form/new-button.tsx';
import { linkClass } from '../../ui/link.ts';
import { MoreButton } from '../../ui/more-button.tsx';
import { Page, Section } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { DemoMark } from '../demo/demo-mark.tsx';
import { Help } from '../help/help.tsx';
import { useSignedIn } from '../session/session.ts';
import { NewNoteDialog } from './note-dialogs.tsx';
import { nameOf, notesQuery } from './queries.ts';

const route = getRouteApi('/vault');

/** The notes of the vault by folder; the filter is in the address. */
export default function VaultPage() {
  const { find = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const [isNew, setNew] = useState(false);
  const mayWrite = useSignedIn().permissions.includes('vault:write');
  const notes = useInfiniteQuery(notesQuery);
  const all = notes.data?.pages.flatMap((page) => page.items) ?? [];
  const shown = all.filter((note) => note.path.toLowerCase().includes(find.toLowerCase()));
  return (
    <Page
      title={text.vault.title}
      help={<Help topic="vault" />}
      side={
        <div className="flex flex-wrap gap-2 max-sm:w-full max-sm:flex-row-reverse max-sm:justify-end">
          <nav aria-label={text.vault.title} className="flex flex-wrap gap-2">
            <Link to="/vault/deleted" className={buttonClass('quiet', 'normal')}>
              {vaultText.deleted.open}
            </Link>
            <Link to="/vault/files" className={buttonClass('quiet', 'normal')}>
              {filesText.title}
            </Link>
          </nav>
          {mayWrite && <NewButton label={vaultText.edit.make} onClick={() => setNew(true)} />}
        </div>
      }
    >
      {notes.error && !notes.data && <ErrorBox error={notes.error} onRetry={notes.refetch} />}
      {notes.isPending && <Skeleton rows={8} height="h-11" />}
      {notes.data && all.length === 0 && (
        <Empty icon={<FolderClosed size={18} aria-hidden="true" />} title={text.vault.empty}>
          <p>{text.vault.emptyText}</p>
          {mayWrite && (
            <button type="button" onClick={() => setNew(true)} className={`mt-2 ${linkClass}`}>
              {vaultText.edit.first}
            </button>
          )}
        </Empty>
      )}
      {all.length > 0 && (
        <div className="mb-4 flex items-end gap-2 *:first:mb-0 *:first:flex-1">
          <TextField
            type="search"
            label={<span className="sr-only">{text.vault.filter}</span>}
            placeholder={text.vault.filter}
            value={find}
            data-filter
            onChange={({ target }) =>
              void navigate({ search: target.value ? { find: target.value } : {}, replace: true, resetScroll: false })
            }
          />
          <Link to="/vault/search" className={buttonClass('plain', 'normal')}>
            <Search size={14} aria-hidden="true" />
            {vaultText.search.inside}
          </Link>
        </div>
      )}
      {all.length > 0 && shown.length === 0 && <p className="text-muted">{text.vault.noMatch}</p>}
      {[...Map.groupBy(shown, folderOf)]
        .sort(([a], [b]) => a.localeCompare(b))
        .map(([folder, items]) => (
          <Section key={folder} title={folder || text.vault.root}>
            <ul className="divide-y divide-line">
              {items.map((note) => (
                <NoteRow key={note.path} note={note} />
              ))}
            </ul>
          </Section>
        ))}
      <MoreButton list={notes} className="mt-0" />
      {isNew && <NewNoteDialog onClose={() => setNew(false)} />}
    </Page>
  );
}

const folderOf = ({ path }: NoteItem): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

function NoteRow({ note }: { note: NoteItem }) {
  return (
    <li data-row>
      <Link
        to="/vault/note"
        search={{ path: note.path }}
        data-row-link
        title={note.path}
        className="flex min-h-10 items-center gap-2.5 px-4 py-1.5 -outline-offset-2 hover:bg-hover touch:min-h-12"
      >
        <FileText size={15} aria-hidden="true" className="shrink-0 text-muted" />
        <span className="min-w-0 flex-1 truncate font-medium">
          <ForeignLine value={nameOf(note.path).replace(/\.md$/i, '')} />
        </span>
        <DemoMark of="notes" id={note.path} />
        {!note.trusted && !note.generated && <span className="shrink-0 text-muted text-note max-sm:hidden">{text.vault.untrusted}</span>}
        {note.generated && <span className="shrink-0 text-muted text-note max-sm:hidden">{text.vault.generated}</span>}
        <span className="w-14 shrink-0 text-right text-muted text-note max-sm:hidden">{formatBytes(note.sizeBytes)}</span>
        <span className="w-14 shrink-0 text-right text-muted text-note">
          <Time at={note.updatedAt} short />
        </span>
      </Link>
    </li>
  );
}
