import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { History } from 'lucide-react';
import { vaultText } from '#text/vault.ts';
import { text } from '#text/work.ts';
import { isApiError } from '../../api/client.ts';
import type { NoteVersion } from '../../api/vault.ts';
import { formatActor, formatBytes } from '../../format.ts';
import { Badge } from '../../ui/badge.tsx';
import { buttonClass } from '../../ui/button.tsx';
import { Crumb } from '../../ui/crumb.tsx';
import { Empty, ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { ForeignLine, ForeignText } from '../../ui/foreign-text.tsx';
import { MoreButton } from '../../ui/more-button.tsx';
import { Page } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { useSignedIn } from '../session/session.ts';
import { historyQuery, nameOf } from './queries.ts';

const words = vaultText.history;
const route = getRouteApi('/vault/history');

/** What a note was: each of its versions, newest first. */
export default function HistoryPage() {
  const { path, id } = route.useSearch();
  const history = useInfiniteQuery(historyQuery({ path, id }));
  const versions = history.data?.pages.flatMap((page) => page.items) ?? [];
  const [newest] = versions;
  const name = nameOf(newest?.path ?? path ?? '').replace(/\.md$/, '');
  const isAbsent = isApiError(history.error, 'vault.not_found');
  return (
    <Page
      title={words.title(name)}
      heading={<Crumb to="/vault" label={text.nav.vault} />}
      side={
        newest &&
        newest.change !== 'deleted' && (
          <Link to="/vault/note" search={{ path: newest.path }} className={buttonClass('plain', 'small')}>
            {words.note}
          </Link>
        )
      }
    >
      <h1 className="mb-5 font-semibold text-title">
        <ForeignText value={words.title(name)} cutAt={220} />
      </h1>
      {history.error && !history.data && !isAbsent && <ErrorBox error={history.error} onRetry={history.refetch} />}
      <div className="overflow-hidden rounded-card border border-line bg-panel empty:hidden">
        {isAbsent && (
          <Empty icon={<History size={18} aria-hidden="true" />} title={words.none}>
            {words.noneText}
          </Empty>
        )}
        {history.isPending && <Skeleton rows={5} />}
        {versions.length > 0 && (
          <ol className="divide-y divide-line">
            {versions.map((version, at) => (
              <VersionRow key={version.version} version={version} before={versions[at + 1]} isNewest={version === newest} />
            ))}
          </ol>
        )}
      </div>
      <MoreButton list={history} />
    </Page>
  );
}

interface VersionRowProps {
  version: NoteVersion;
  before: NoteVersion | undefined;
  isNewest: boolean;
}

function VersionRow({ version, before, isNewest }: VersionRowProps) {
  const me = useSignedIn();
  const isMoved = before !== undefined && before.path !== version.path;
  return (
    <li data-row>
      <Link
        to="/vault/version"
        search={{ id: version.id, version: version.version }}
        data-row-link
        className="flex min-h-14 items-center gap-3 px-4 py-2 -outline-offset-2 hover:bg-hover"
      >
        <span className="min-w-0 flex-1">
          <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
            <span className="font-medium">{words.version(version.version)}</span>
            {isNewest && version.change !== 'deleted' && <Badge tone="accent">{words.newest}</Badge>}
            {!version.trusted && version.change !== 'deleted' && <Badge tone="warn">{words.outside}</Badge>}
          </span>
          <span className="wrap-anywhere block text-muted text-note">
            {words.by(words.changes[version.change], formatActor(version.author, me.principal.actor))}
            {isMoved && (
              <>
                {' · '}
                <ForeignLine value={version.path} />
              </>
            )}
          </span>
        </span>
        <span className="shrink-0 text-right text-muted text-note">
          <Time at={version.at} />
          <span className="block tabular-nums">{version.change === 'deleted' ? '' : formatBytes(version.sizeBytes)}</span>
        </span>
      </Link>
    </li>
  );
}
