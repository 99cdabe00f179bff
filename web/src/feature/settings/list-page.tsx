import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import type { listQuery } from '../../api/list.ts';
import { Empty } from '../../ui/feedback.tsx';
import { ListCard } from '../../ui/form/list-card.tsx';
import { NewButton } from '../../ui/form/new-button.tsx';
import { TopicPage } from './topic-page.tsx';
import type { TopicPath } from './topics.tsx';

interface ListPageProps<T> {
  topic: TopicPath;
  words: { intro?: string; new: string; none: string; noneText: string };
  /** Stands above the words where the list is empty. */
  icon: LucideIcon;
  query: ReturnType<typeof listQuery<T>>;
  row: (item: T) => ReactNode;
  /** False for who may not make any. */
  onNew: (() => void) | false;
  /** Between the head and the list. */
  notice?: ReactNode;
  /** Below the list: what else belongs to the topic, and the dialog that is open. */
  children: ReactNode;
}

/** A topic that is a list of things: a way to make one, what there is, and the words where there is nothing yet. */
export function ListPage<T extends { id: string }>({ topic, words, icon: Icon, query, row, onNew, notice, children }: ListPageProps<T>) {
  return (
    <TopicPage topic={topic} {...(words.intro && { intro: words.intro })} side={onNew && <NewButton label={words.new} onClick={onNew} />}>
      {notice}
      <ListCard
        query={query}
        keyOf={({ id }) => id}
        empty={
          <Empty icon={<Icon size={18} aria-hidden="true" />} title={words.none}>
            {words.noneText}
          </Empty>
        }
      >
        {row}
      </ListCard>
      {children}
    </TopicPage>
  );
}
