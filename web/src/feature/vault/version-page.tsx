import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { RotateCcw } from 'lucide-react';
import { useState } from 'react';
import { vaultText } from '#text/vault.ts';
import { text } from '#text/work.ts';
import type { NoteVersion } from '../../api/vault.ts';
import { capitalise, formatActor, formatBytes } from '../../format.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Crumb } from '../../ui/crumb.tsx';
import { Empty, ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { Page } from '../../ui/page.tsx';
import { ScrollBox } from '../../ui/scroll-box.tsx';
import { Time } from '../../ui/time.tsx';
import { useSignedIn } from '../session/session.ts';
import { DifferenceView } from './difference-view.tsx';
import { nameOf, type VersionPlace, versionQuery, versionTextQuery } from './queries.ts';
import { RestoreDialog } from './restore-dialog.tsx';
import { type VersionView, versionViews } from './views.ts';

const words = vaultText.history;
const route = getRouteApi('/vault/version');

/** One version of a note: what it changed, how it differs from what is there now, its whole text; and having it back. */
export default function VersionPage() {
  const { id, version: number, show = 'before' } = route.useSearch();
  const [isRestoring, setRestoring] = useState(false);
  const navigate = route.useNavigate();
  const me = useSignedIn();
  const place = useQuery(versionQuery(id, number));
  const version = place.data?.version;
  const name = version ? nameOf(version.path).replace(/\.md$/, '') : '';
  const title = version ? words.versionTitle(number, name) : words.version(number);
  const canRestore =
    version !== undefined && version.change !== 'deleted' && version !== place.data?.newest && me.permissions.includes('vault:write');
  return (
    <Page
      title={title}
      heading={<Crumb to="/vault" label={text.nav.vault} />}
      side={
        <div className="flex flex-wrap gap-2">
          <Link to="/vault/history" search={{ id }} className={buttonClass('plain', 'small')}>
            {words.open}
          </Link>
          {canRestore && (
            <Button look="primary" size="small" onClick={() => setRestoring(true)}>
              <RotateCcw size={13} aria-hidden="true" />
              {words.restore}
            </Button>
          )}
        </div>
      }
    >
      <h1 className="font-semibold text-title">
        <ForeignText value={title} cutAt={220} />
      </h1>
      {place.error && !place.data && <ErrorBox error={place.error} onRetry={place.refetch} />}
      {place.isPending && <Skeleton rows={4} />}
      {place.data === null && <Empty title={words.forgotten} />}
      {place.data && <Facts place={place.data} />}
      {place.data && place.data.version.change === 'deleted' && <p className="text-muted">{words.isDeletion}</p>}
      {place.data && place.data.version.change !== 'deleted' && (
        <>
          <Views id={id} version={number} shown={show} isNewest={place.data.version === place.data.newest} />
          <Shown place={place.data} show={show} />
        </>
      )}
      {isRestoring && version && (
        <RestoreDialog
          version={version}
          onClose={() => setRestoring(false)}
          onRestored={() => void navigate({ to: '/vault/history', search: { id } })}
        />
      )}
    </Page>
  );
}

function Facts({ place: { version, newest } }: { place: VersionPlace }) {
  const me = useSignedIn();
  return (
    <div className="mt-1 mb-5">
      <p className="wrap-anywhere text-muted text-note">
        {capitalise(words.by(words.changes[version.change], formatActor(version.author, me.principal.actor)))} · <Time at={version.at} /> ·{' '}
        {formatBytes(version.sizeBytes)} · <ForeignText value={version.path} cutAt={300} />
      </p>
      <p className="mt-2 flex gap-2 empty:hidden">
        {version === newest && version.change !== 'deleted' && <Badge tone="accent">{words.newest}</Badge>}
        {!version.trusted && version.change !== 'deleted' && <Badge tone="warn">{words.outside}</Badge>}
      </p>
    </div>
  );
}

function Views({ id, version, shown, isNewest }: { id: string; version: number; shown: VersionView; isNewest: boolean }) {
  return (
    <nav aria-label={words.viewsLabel} className="-mx-4 mb-4 overflow-x-auto px-4 sm:mx-0 sm:px-0">
      <ul className="flex w-max gap-1">
        {versionViews
          .filter((view) => view !== 'now' || !isNewest)
          .map((view) => (
            <li key={view}>
              <Link
                to="/vault/version"
                search={{ id, version, ...(view !== 'before' && { show: view }) }}
                replace
                resetScroll={false}
                aria-current={view === shown ? 'page' : undefined}
                className="flex h-8 items-center rounded-control px-3 font-medium text-muted hover:bg-hover hover:text-ink aria-[current=page]:bg-hover aria-[current=page]:text-ink touch:h-11"
              >
                {words.views[view]}
              </Link>
            </li>
          ))}
      </ul>
    </nav>
  );
}

function Shown({ place: { version, before, newest }, show }: { place: VersionPlace; show: VersionView }) {
  if (show === 'text') return <WholeText version={version} />;
  if (show === 'now') return <DifferenceView from={version} to={newest} about={words.comparedNow} />;
  return <DifferenceView from={before} to={version} about={before ? words.comparedBefore(before.version) : words.first} />;
}

/** As it was written: what is drawn here from Markdown is only the newest. */
function WholeText({ version }: { version: NoteVersion }) {
  const whole = useQuery(versionTextQuery(version));
  if (whole.error) return <ErrorBox error={whole.error} onRetry={whole.refetch} />;
  if (whole.isPending) return <Skeleton rows={6} />;
  return (
    <div className="rounded-card border border-line bg-panel px-4 py-4 sm:px-6">
      {whole.data === null ? (
        <p className="text-muted">{text.vault.binary}</p>
      ) : (
        <ScrollBox label={text.vault.file} className="max-h-[70dvh] whitespace-pre font-mono text-note">
          <ForeignText value={whole.data} cutAt={20_000} block />
        </ScrollBox>
      )}
    </div>
  );
}
