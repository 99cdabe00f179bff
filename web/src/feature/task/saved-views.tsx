import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Bookmark, X } from 'lucide-react';
import { useState } from 'react';
import { tasksText } from '#text/tasks.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { readTaskSearch, type TaskSearch } from './filters.ts';
import { deleteView, type SavedView, saveView, viewsQuery } from './queries.ts';

const words = tasksText.views;
/** As long as the server takes. */
const nameMax = 60;

/** The filters that the reader has given a name, each a link to the list. */
export function SavedViews({ search }: { search: TaskSearch }) {
  const views = useQuery(viewsQuery);
  const mine = views.data?.items.filter(({ page }) => page === 'tasks') ?? [];
  if (mine.length === 0) return null;
  return (
    <nav aria-label={words.label} className="-mx-4 mb-3 overflow-x-auto px-4 sm:mx-0 sm:px-0">
      <ul className="flex w-max gap-1.5">
        {mine.map((view) => (
          <ViewLink key={view.id} view={view} isCurrent={isSame(readTaskSearch(view.filter), search)} />
        ))}
      </ul>
    </nav>
  );
}

function ViewLink({ view, isCurrent }: { view: SavedView; isCurrent: boolean }) {
  const remove = useAct(() => deleteView(view.id), { refresh: ['views'], said: words.removed(view.name), toastsErrors: true });
  return (
    <li
      className={cx(
        'flex h-7 items-center rounded-full ring-1 ring-inset touch:h-11',
        isCurrent ? 'bg-hover ring-field' : 'ring-line hover:bg-hover',
      )}
    >
      <Link
        to="/tasks"
        search={readTaskSearch(view.filter)}
        aria-current={isCurrent ? 'page' : undefined}
        className="flex h-full max-w-52 items-center gap-1.5 rounded-full px-3 font-medium -outline-offset-2"
      >
        <Bookmark size={12} aria-hidden="true" className="shrink-0 text-muted" />
        <span className="truncate">{view.name}</span>
      </Link>
      {isCurrent && (
        <IconButton
          label={words.remove(view.name)}
          disabled={remove.isPending}
          onClick={() => remove.mutate()}
          className="-ml-2 rounded-full"
        >
          <X size={13} aria-hidden="true" />
        </IconButton>
      )}
    </li>
  );
}

/** Keeps what the list is narrowed to under a name. */
export function SaveView({ search }: { search: TaskSearch }) {
  const [isOpen, setOpen] = useState(false);
  const [name, setName] = useState('');
  const save = useAct((given: string) => saveView({ page: 'tasks', name: given, filter: { ...search } }), {
    refresh: ['views'],
    said: (given) => words.saved(given),
    onDone: () => {
      setOpen(false);
      setName('');
    },
  });
  return (
    <>
      <Button look="quiet" onClick={() => setOpen(true)}>
        <Bookmark size={14} aria-hidden="true" />
        {words.save}
      </Button>
      {isOpen && (
        <FormDialog
          title={words.saveTitle}
          action={words.saveNow}
          onClose={() => setOpen(false)}
          isDisabled={name.trim() === ''}
          onSubmit={() => save.mutateAsync(name.trim())}
        >
          <TextField
            label={words.name}
            help={words.nameHelp}
            maxLength={nameMax}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </FormDialog>
      )}
    </>
  );
}

const isSame = (one: TaskSearch, other: TaskSearch): boolean => {
  const text = (search: TaskSearch) => JSON.stringify(Object.entries(search).toSorted());
  return text(one) === text(other);
};
