import { Link } from '@tanstack/react-router';
import { ListFilter, SquareCheck } from 'lucide-react';
import { inboxText } from '#text/inbox.ts';
import { IconButton } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { TabStrip, tabClass } from '../../ui/tab-strip.tsx';
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
      <TabStrip label={inboxText.viewsLabel} current={view ?? 'mine'} className="min-w-0 flex-1">
        {tabs.map((tab) => (
          <li key={tab ?? 'mine'}>
            <Link
              to="/"
              search={tab ? { ...conditions, view: tab } : conditions}
              resetScroll={false}
              activeOptions={{ exact: true, includeSearch: true }}
              aria-current={tab === view ? 'page' : undefined}
              className={tabClass}
            >
              {inboxText.views[tab ?? 'mine']}
            </Link>
          </li>
        ))}
      </TabStrip>
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
