import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { FlaskConical } from 'lucide-react';
import { playbooksText } from '#text/playbooks.ts';
import { post } from '../../api/client.ts';
import type { PlaybookPreview, PreviewSample } from '../../api/playbooks.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';
import { ErrorBox } from '../../ui/feedback.tsx';
import { ForeignLine, ForeignText } from '../../ui/foreign-text.tsx';
import { Block } from '../../ui/form/block.tsx';
import { linkClass } from '../../ui/link.ts';
import { Time } from '../../ui/time.tsx';
import { useSignedIn } from '../session/session.ts';

const words = playbooksText.preview;
const tones: Record<PreviewSample['result'], Tone> = { matched: 'good', near: 'warn', unusable: 'bad' };

interface PreviewProps {
  path: string;
  /** The note as it would be saved. */
  textOf: () => Promise<string>;
}

/** Holds the playbook against what came in lately, and shows what it would have done. Nothing is done. */
export function Preview({ path, textOf }: PreviewProps) {
  const mayLook = useSignedIn().permissions.includes('task:read');
  const preview = useMutation({ mutationFn: async () => post<PlaybookPreview>('/playbooks/preview', { path, text: await textOf() }) });
  return (
    <Block
      title={words.title}
      note={mayLook ? words.note : words.noPermission}
      side={
        mayLook && (
          <Button onClick={() => preview.mutate()} disabled={preview.isPending}>
            <FlaskConical size={14} aria-hidden="true" />
            {preview.isPending ? words.running : preview.data ? words.again : words.run}
          </Button>
        )
      }
    >
      <div aria-live="polite">
        {preview.error && <ErrorBox error={preview.error} onRetry={() => preview.mutate()} />}
        {preview.data && !preview.isPending && <Shown preview={preview.data} />}
      </div>
    </Block>
  );
}

function Shown({ preview }: { preview: PlaybookPreview }) {
  const { faults, matched, near, unusable, looked, ended, samples } = preview;
  if (looked === 0 && faults.length > 0) return <p className="text-bad">{words.faulty}</p>;
  return (
    <>
      <p className="font-semibold text-lead">{words.matched(matched)}</p>
      <p className="mb-3 text-muted">
        {words.looked(looked)} {words.ended[ended]}
      </p>
      {near > 0 && <p className="text-warn">{words.near(near)}</p>}
      {unusable > 0 && <p className="text-bad">{words.unusable(unusable)}</p>}
      <ul className="mt-2 divide-y divide-line">
        {samples.map((sample) => (
          <li key={sample.eventId} className="py-1">
            <Sample sample={sample} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Sample({ sample }: { sample: PreviewSample }) {
  const { result, title, from, receivedAt, reasons, summary, steps, task } = sample;
  return (
    <Disclosure
      summary={
        <span className="flex min-w-0 flex-1 flex-wrap items-center gap-x-2 gap-y-1 py-1">
          <Badge tone={tones[result]}>{words.results[result]}</Badge>
          <span className="wrap-anywhere min-w-0 text-ink">
            <ForeignLine value={title} />
          </span>
          <span className="wrap-anywhere min-w-0 font-normal text-note">
            <ForeignLine value={from ?? words.noFrom} /> · <Time at={receivedAt} />
          </span>
        </span>
      }
    >
      <div className="space-y-2 pb-2 pl-5">
        {reasons.map((reason) => (
          <p key={reason} className="text-warn">
            <ForeignText value={reason} />
          </p>
        ))}
        {summary !== null && (
          <p className="font-medium">
            <ForeignText value={summary} />
          </p>
        )}
        {steps.length > 0 && (
          <ol className="space-y-2">
            {steps.map((step) => (
              <li key={step.id} className="rounded-popup bg-bg px-3 py-2">
                <p className="font-medium">
                  <ForeignLine value={step.title} /> <span className="font-mono text-muted text-note">{step.tool}</span>
                </p>
                <dl className="mt-1 grid grid-cols-[8rem_minmax(0,1fr)] gap-x-3 text-note">
                  {step.args.map(({ name, text, isKnown }) => (
                    <div key={name} className="contents">
                      <dt className="truncate text-muted">{name}</dt>
                      <dd className="min-w-0" title={isKnown ? undefined : words.later}>
                        <span className={isKnown ? '' : 'font-mono text-muted'}>
                          <ForeignText value={text} cutAt={200} />
                        </span>
                      </dd>
                    </div>
                  ))}
                </dl>
              </li>
            ))}
          </ol>
        )}
        {task !== null && (
          <Link to="/tasks/$taskId" params={{ taskId: task.taskId }} className={linkClass}>
            {task.playbook === null ? words.became.none : words.became.playbook(task.playbook)}
          </Link>
        )}
      </div>
    </Disclosure>
  );
}
