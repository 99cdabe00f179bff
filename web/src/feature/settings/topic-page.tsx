import { Link } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import { settingsText } from '#text/settings.ts';
import { text } from '#text/work.ts';
import { Crumb } from '../../ui/crumb.tsx';
import { Help } from '../help/help.tsx';
import { type TopicPath, useTopics } from './topics.tsx';

interface TopicPageProps {
  topic: TopicPath;
  /** Drawn instead of the topic's title, for one object of the topic. */
  title?: string;
  side?: ReactNode;
  intro?: string;
  children: ReactNode;
}

/** The frame of one topic: on a wide screen beside the list of topics, on a phone below the way back to it. */
export function TopicPage({ topic, title = settingsText.topics[topic].title, side, intro, children }: TopicPageProps) {
  useEffect(() => {
    document.title = `${title} · ${text.product}`;
  }, [title]);
  const isObject = title !== settingsText.topics[topic].title;
  return (
    <div className="mx-auto flex w-full max-w-6xl gap-10 px-4 pt-5 pb-10 sm:px-8 sm:pt-7">
      <TopicList />
      <div className="min-w-0 max-w-3xl flex-1">
        <p className={isObject ? 'mb-1' : 'mb-1 lg:hidden'}>
          {isObject ? (
            <Crumb to={`/settings/${topic}`} label={settingsText.topics[topic].title} />
          ) : (
            <Crumb to="/settings" label={settingsText.title} />
          )}
        </p>
        <div className="mb-4 flex min-h-8 flex-wrap items-center justify-between gap-x-4 gap-y-2">
          <div className="flex min-w-0 items-center gap-1">
            <h1 className="wrap-anywhere font-semibold text-title">{title}</h1>
            {!isObject && <Help topic={topic} />}
          </div>
          {side}
        </div>
        {intro && <p className="-mt-2 mb-5 text-muted">{intro}</p>}
        {children}
      </div>
    </div>
  );
}

function TopicList() {
  return (
    <nav aria-label={settingsText.nav} className="sticky top-7 hidden w-44 shrink-0 self-start lg:block">
      <p className="mb-2 flex min-h-8 items-center px-2 font-semibold text-muted">{settingsText.title}</p>
      <ul className="flex flex-col gap-0.5">
        {useTopics().map(({ path, icon }) => (
          <li key={path}>
            <Link
              to={`/settings/${path}`}
              className="flex min-h-8 items-center gap-2.5 rounded-control px-2 text-muted hover:bg-hover hover:text-ink"
              activeProps={{ className: 'bg-hover text-ink! font-medium' }}
            >
              {icon}
              {settingsText.topics[path].title}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
