import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Search } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { vaultText } from '#text/vault.ts';
import { text } from '#text/work.ts';
import type { FoundNote } from '../../api/vault.ts';
import { Button } from '../../ui/button.tsx';
import { Crumb } from '../../ui/crumb.tsx';
import { Empty, ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';
import { ForeignLine } from '../../ui/foreign-text.tsx';
import { MoreButton } from '../../ui/more-button.tsx';
import { Page } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { stretchesOf, withoutSigns } from './excerpt.ts';
import { searchQuery } from './queries.ts';

const words = vaultText.search;
const route = getRouteApi('/vault/search');

/** Notes by their words. What was sent off is in the address; nothing is asked while somebody types. */
export default function SearchPage() {
  const { q = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (q === '') field.current?.focus();
    // The address may change under the page: back, forward, a link.
    if (field.current) field.current.value = q;
  }, [q]);
  return (
    <Page
      title={words.title}
      heading={
        <div>
          <p className="mb-1">
            <Crumb to="/vault" label={text.vault.title} />
          </p>
          <h1 className="font-semibold text-title">{words.title}</h1>
        </div>
      }
    >
      <search className="mb-5 block">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const asked = field.current?.value.trim() ?? '';
            void navigate({ search: asked === '' ? {} : { q: asked } });
          }}
        >
          <div className="flex items-end gap-2">
            <div className="min-w-0 flex-1">
              <TextField
                ref={field}
                type="search"
                label={<span className="sr-only">{words.field}</span>}
                placeholder={words.field}
                defaultValue={q}
                maxLength={500}
                spellCheck={false}
                data-filter
              />
            </div>
            <Button look="primary" type="submit">
              <Search size={14} aria-hidden="true" />
              {words.submit}
            </Button>
          </div>
          <p className="mt-1.5 text-muted text-note">{words.help}</p>
        </form>
      </search>
      {q !== '' && <Found q={q} />}
    </Page>
  );
}

function Found({ q }: { q: string }) {
  const found = useInfiniteQuery(searchQuery(q));
  const notes = found.data?.pages.flatMap((page) => page.items) ?? [];
  if (found.error && !found.data) return <ErrorBox error={found.error} onRetry={found.refetch} />;
  return (
    <>
      <p role="status" className="mb-2 min-h-5 text-muted text-note">
        {notes.length > 0 && words.found(notes.length, found.hasNextPage)}
      </p>
      <div className="overflow-hidden rounded-card border border-line bg-panel">
        {found.isPending && <Skeleton rows={5} height="h-20" />}
        {found.data && notes.length === 0 && (
          <Empty icon={<Search size={18} aria-hidden="true" />} title={words.none}>
            {words.noneText}
          </Empty>
        )}
        {notes.length > 0 && (
          <ol className="divide-y divide-line">
            {notes.map((note) => (
              <FoundRow key={note.id} note={note} />
            ))}
          </ol>
        )}
      </div>
      <MoreButton list={found} />
    </>
  );
}

function FoundRow({ note }: { note: FoundNote }) {
  return (
    <li data-row>
      <Link to="/vault/note" search={{ path: note.path }} data-row-link className="block px-4 py-2.5 -outline-offset-2 hover:bg-hover">
        <span className="flex items-baseline gap-3">
          <span className="min-w-0 flex-1 truncate font-medium">
            <ForeignLine value={note.title} />
          </span>
          <span className="shrink-0 text-muted text-note">
            <Time at={note.updatedAt} short />
          </span>
        </span>
        <span className="block truncate text-muted text-note" title={note.path}>
          <ForeignLine value={note.path} />
        </span>
        <span className="wrap-anywhere mt-1 line-clamp-3">
          <Excerpt note={note} />
        </span>
      </Link>
    </li>
  );
}

/** Plain text that anybody can have written, with what was looked for set apart. */
function Excerpt({ note }: { note: FoundNote }) {
  const { text: read, marks } = withoutSigns(note.snippet, note.marks);
  return stretchesOf(read, marks).map(({ text: part, isFound }, i) =>
    isFound ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: stretches are cut anew for each excerpt and never reordered
      <mark key={i} className="rounded-xs bg-accent-soft font-semibold text-ink">
        <ForeignLine value={part} />
      </mark>
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: as above
      <ForeignLine key={i} value={part} />
    ),
  );
}
