import { Link } from '@tanstack/react-router';
import { ListFilter, SquareCheck } from 'lucide-react';
import { inboxText } from '#text/inbox.ts';
import { IconButton } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { conditionsOf, type InboxSearch, inboxViews } from './views.ts';

const tabs = [undefined, ...inboxViews];

interface InboxTabsProps {
  search: InboxSearch;
  isFilterOpen: boolean;
  onFilter: () => void;
  isChoosing: boolean;
  onChoose: () => void;
}

/** Whose attention the approvals have, what is done, and the ways to look for one of them. */
export function InboxTabs({ search, isFilterOpen, onFilter, isChoosing, onChoose }: InboxTabsProps) {
  const { view, ...conditions } = search;
  const conditionCount = conditionsOf(conditions);
  return (
    <div className="mb-4 flex items-center gap-1">
      <nav aria-label={inboxText.viewsLabel} className="-my-1 -ml-1 min-w-0 flex-1 overflow-x-auto py-1 pl-1">
        <ul className="flex w-max gap-0.5">
          {tabs.map((tab) => (
            <li key={tab ?? 'mine'}>
              <Link
                to="/"
                search={tab ? { ...conditions, view: tab } : conditions}
                resetScroll={false}
                activeOptions={{ exact: true, includeSearch: true }}
                aria-current={tab === view ? 'page' : undefined}
                className="flex h-7 items-center rounded-control px-2.5 font-medium text-muted hover:bg-hover hover:text-ink aria-[current=page]:bg-hover aria-[current=page]:text-ink touch:h-11"
              >
                {inboxText.views[tab ?? 'mine']}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      {view !== 'decided' && (
        <IconButton
          label={inboxText.choose}
          aria-pressed={isChoosing}
          onClick={onChoose}
          className={cx('hidden! touch:inline-flex!', isChoosing && 'bg-hover text-accent!')}
        >
          <SquareCheck size={16} aria-hidden="true" />
        </IconButton>
      )}
      <IconButton
        label={conditionCount > 0 ? inboxText.filtered(conditionCount) : inboxText.filter}
        shortcut="/"
        aria-expanded={isFilterOpen}
        onClick={onFilter}
        className={cx('relative', conditionCount > 0 && 'text-accent!')}
      >
        <ListFilter size={16} aria-hidden="true" />
        {conditionCount > 0 && (
          <span aria-hidden="true" className="absolute top-1 right-1 size-1.5 touch:top-2.5 touch:right-2.5 rounded-full bg-accent" />
        )}
      </IconButton>
    </div>
  );
}
