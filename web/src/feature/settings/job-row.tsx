import type { ReactNode } from 'react';
import { settingsText } from '#text/settings.ts';
import type { Job, JobState } from '../../api/tenancy.ts';
import { formatCount } from '../../format.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Row } from '../../ui/form/list-card.tsx';
import { Meter } from '../../ui/form/meter.tsx';
import { Time } from '../../ui/time.tsx';

const words = settingsText.job;
const tones: Record<JobState, Tone> = { waiting: 'neutral', running: 'accent', done: 'good', failed: 'bad' };

/** Long work: what, how far, and what came of it. */
export function JobRow({ job, side, about }: { job: Job; side?: ReactNode; about?: ReactNode }) {
  const { progress, state } = job;
  const isMoving = state === 'running' || state === 'waiting';
  return (
    <>
      <Row
        title={words.kinds[job.kind] ?? job.kind}
        marks={<Badge tone={tones[state]}>{words.states[state]}</Badge>}
        note={
          <>
            {about}
            <Time at={job.finishedAt ?? job.createdAt} />
            {progress && isMoving && <> · {sayProgress(progress)}</>}
            {job.error && <span className="text-bad"> · {job.error.message}</span>}
          </>
        }
        side={side}
      />
      {progress?.of && isMoving && (
        <div className="-mt-1 px-4 pb-3">
          <Meter label={words.label} percent={(progress.done / progress.of) * 100} isProgress />
        </div>
      )}
    </>
  );
}

const sayProgress = ({ done, of, unit }: NonNullable<Job['progress']>): string =>
  of === null ? words.progressOpen(formatCount(done), unit) : words.progress(formatCount(done), formatCount(of), unit);
