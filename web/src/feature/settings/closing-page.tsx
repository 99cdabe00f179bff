import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { settingsText } from '#text/settings.ts';
import { post, remove } from '../../api/client.ts';
import { listQuery } from '../../api/list.ts';
import type { Job } from '../../api/tenancy.ts';
import { formatRelative } from '../../format.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Empty, ErrorBox, Notice, Skeleton } from '../../ui/feedback.tsx';
import { Block } from '../../ui/form/block.tsx';
import { Confirm } from '../../ui/form/confirm.tsx';
import { ListCard } from '../../ui/form/list-card.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Section } from '../../ui/page.tsx';
import { useNow } from '../../ui/use-now.ts';
import { ExportDialog } from './export-dialog.tsx';
import { JobRow } from './job-row.tsx';
import { settingsQuery } from './queries.ts';
import { TopicPage } from './topic-page.tsx';
import { useMay } from './topics.tsx';

const words = settingsText.closing;
/** A job moves in seconds, not at once. */
const jobPollMs = 3_000;
const jobsQuery = { ...listQuery<Job>('jobs', '/jobs'), refetchInterval: jobPollMs };

/** Taking everything out, and ending it. */
export default function ClosingPage() {
  const mayExport = useMay('tenant:export');
  const mayClose = useMay('tenant:close');
  const [isExporting, setExporting] = useState(false);
  return (
    <TopicPage topic="closing">
      {mayExport && (
        <>
          <Block title={words.export} note={words.exportText} side={<Button onClick={() => setExporting(true)}>{words.exportNow}</Button>}>
            {null}
          </Block>
          <Section title={words.exports} card={false}>
            <ListCard query={jobsQuery} keyOf={(job) => job.id} rows={1} empty={<Empty title={words.noJobs}>{words.noJobsText}</Empty>}>
              {(job) => <JobRow job={job} side={<Download job={job} />} />}
            </ListCard>
          </Section>
        </>
      )}
      {mayClose && <ClosingBlock />}
      {isExporting && <ExportDialog onClose={() => setExporting(false)} />}
    </TopicPage>
  );
}

function Download({ job }: { job: Job }) {
  const now = useNow(30_000);
  if (job.kind !== 'tenant.export' || job.state !== 'done') return null;
  return (
    <a
      href={`/api/v1/exports/${encodeURIComponent(job.id)}/archive`}
      download
      aria-label={words.downloadLabel(formatRelative(job.createdAt, now))}
      className={buttonClass('plain', 'small')}
    >
      {words.download}
    </a>
  );
}

function ClosingBlock() {
  const settings = useQuery(settingsQuery);
  const now = useNow(30_000);
  const [isAsking, setAsking] = useState(false);
  const name = settings.data?.name ?? '';
  const close = useAct(() => post('/closure', { name }), { refresh: ['settings'] });
  const reopen = useAct(() => remove('/closure'), { refresh: ['settings'], said: words.reopened, toastsErrors: true });
  if (!settings.data) return settings.error ? <ErrorBox error={settings.error} onRetry={settings.refetch} /> : <Skeleton rows={1} />;
  if (settings.data.state === 'closing') {
    return (
      <Notice tone="bad" role="status">
        <p className="font-medium">{words.closing}</p>
        {settings.data.erasesAt && <p className="mb-3">{words.erases(formatRelative(settings.data.erasesAt, now))}</p>}
        <Button disabled={reopen.isPending} onClick={() => reopen.mutate()}>
          {words.reopen}
        </Button>
      </Notice>
    );
  }
  return (
    <Block
      title={words.close}
      note={words.closeText}
      side={
        <Button look="danger" onClick={() => setAsking(true)}>
          {words.closeNow}…
        </Button>
      }
    >
      {isAsking && (
        <Confirm
          title={words.closeTitle}
          action={words.closeNow}
          typed={{ word: name, label: words.closeTyped(name) }}
          onClose={() => setAsking(false)}
          onConfirm={() => close.mutateAsync()}
        >
          {words.closeText}
        </Confirm>
      )}
    </Block>
  );
}
