import { Link } from '@tanstack/react-router';
import { ChevronRight, Settings } from 'lucide-react';
import { settingsText } from '#text/settings.ts';
import { Empty } from '../../ui/feedback.tsx';
import { Page } from '../../ui/page.tsx';
import { useTopics } from './topics.tsx';

/** All topics with a line each. */
export default function SettingsPage() {
  const topics = useTopics();
  return (
    <Page title={settingsText.title}>
      <div className="overflow-hidden rounded-card border border-line bg-panel">
        {topics.length === 0 && (
          <Empty icon={<Settings size={18} aria-hidden="true" />} title={settingsText.none}>
            {settingsText.noneText}
          </Empty>
        )}
        <ul className="divide-y divide-line">
          {topics.map(({ path, icon }) => (
            <li key={path} data-row>
              <Link
                to={`/settings/${path}`}
                data-row-link
                className="flex min-h-14 items-center gap-3 px-4 py-2.5 -outline-offset-2 hover:bg-hover"
              >
                <span className="text-muted">{icon}</span>
                <span className="min-w-0 flex-1">
                  <span className="block font-medium">{settingsText.topics[path].title}</span>
                  <span className="block text-muted text-note">{settingsText.topics[path].text}</span>
                </span>
                <ChevronRight size={15} aria-hidden="true" className="text-muted" />
              </Link>
            </li>
          ))}
        </ul>
      </div>
    </Page>
  );
}
