import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { vaultText } from '#text/vault.ts';
import { text } from '#text/work.ts';
import { Crumb } from '../../ui/crumb.tsx';
import { ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { ForeignLine } from '../../ui/foreign-text.tsx';
import { Page } from '../../ui/page.tsx';
import { NoteEditor } from './note-editor.tsx';
import { nameOf, noteQuery } from './queries.ts';

const route = getRouteApi('/vault/edit');

/** A note that is being written. */
export default function EditPage() {
  const { path, new: isNew = false } = route.useSearch();
  const note = useQuery({ ...noteQuery(path), enabled: !isNew, refetchOnWindowFocus: false });
  const title = vaultText.edit.title(nameOf(path).replace(/\.md$/, ''));
  return (
    <Page title={title} heading={<Crumb to="/vault" label={text.nav.vault} />} width="wide">
      <h1 className="font-semibold text-title">
        <ForeignLine value={title} />
      </h1>
      <p className="wrap-anywhere mb-5 text-muted text-note">
        <ForeignLine value={path} />
      </p>
      {note.error && !note.data && <ErrorBox error={note.error} onRetry={note.refetch} />}
      {note.isLoading && <Skeleton rows={6} />}
      {isNew && <NoteEditor path={path} start={{ text: '', etag: null }} />}
      {!isNew && note.data?.kind === 'binary' && <p className="text-muted">{text.vault.binary}</p>}
      {!isNew && note.data && note.data.kind !== 'binary' && <NoteEditor path={path} start={note.data} />}
    </Page>
  );
}
