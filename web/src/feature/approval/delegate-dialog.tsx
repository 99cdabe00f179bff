import { useMutation, useQueryClient } from '@tanstack/react-query';
import { UserRound, UsersRound } from 'lucide-react';
import { useId, useState } from 'react';
import { approvalsText } from '#text/approvals.ts';
import { text } from '#text/work.ts';
import type { AssigneeChoice } from '../../api/approvals.ts';
import { post, remove } from '../../api/client.ts';
import type { Approval } from '../../api/types.ts';
import { Button } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { Dialog, DialogBody } from '../../ui/dialog.tsx';
import { describeError, ErrorBox, Notice, Skeleton } from '../../ui/feedback.tsx';
import { control, Frame, TextArea, TextField } from '../../ui/field.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { toast } from '../../ui/toast.tsx';
import { fieldOf, isoOf, nextEvening, tomorrowEvening } from './moments.ts';
import { type Deputy, useDeputies } from './people.ts';
import { approvalPath } from './queries.ts';
import { refreshApproval } from './snooze.ts';

const words = approvalsText.delegate;
const weekMs = 7 * 86_400_000;

const hasPointer = matchMedia('(pointer: fine)').matches;

type Until = keyof typeof words.untils;
// The keys of a literal of our own.
const untils = Object.keys(words.untils) as Until[];

/** Hands an approval to a colleague or a team, for good or for a time. */
export function DelegateDialog({ approval, onClose }: { approval: Approval; onClose: () => void }) {
  const client = useQueryClient();
  const formId = useId();
  const deputies = useDeputies(words.members);
  const [to, setTo] = useState<Deputy | null>(null);
  const [isMissing, setMissing] = useState(false);
  const [until, setUntil] = useState<Until>('open');
  const [at, setAt] = useState(() => fieldOf(nextEvening(Date.now())));
  const [comment, setComment] = useState('');
  const path = `${approvalPath(approval.id)}/delegation`;
  const act = useMutation({
    mutationFn: (body: { to: AssigneeChoice; until?: string; comment?: string } | null) =>
      body === null ? remove(path) : post(path, body),
    onSuccess: async (_, body) => {
      onClose();
      toast(body === null ? words.backDone : words.done(to?.name ?? ''), { description: approval.headline });
      await refreshApproval(client, approval.id);
    },
  });
  const send = () => {
    if (to === null) {
      setMissing(true);
      return;
    }
    const untilIso = isoUntil(until, at, Date.now());
    const note = comment.trim();
    act.mutate({ to: { kind: to.kind, id: to.id }, ...(untilIso && { until: untilIso }), ...(note && { comment: note }) });
  };
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={words.title}
      footer={
        <>
          {approval.assignee ? (
            <Button disabled={act.isPending} onClick={() => act.mutate(null)}>
              {words.back}
            </Button>
          ) : (
            <Button onClick={onClose}>{text.common.cancel}</Button>
          )}
          <Button look="primary" type="submit" form={formId} disabled={act.isPending}>
            {words.save}
          </Button>
        </>
      }
    >
      <DialogBody>
        {act.error && (
          <Notice tone="bad" role="alert">
            {describeError(act.error)}
          </Notice>
        )}
        <p className="mb-4 text-muted">
          <ForeignText value={approval.headline} cutAt={160} />
        </p>
        <form
          id={formId}
          onSubmit={(event) => {
            event.preventDefault();
            send();
          }}
        >
          {deputies.error && <ErrorBox error={deputies.error} onRetry={deputies.refetch} />}
          {deputies.isPending && <Skeleton rows={3} height="h-11" />}
          {deputies.data && (
            <DeputyList deputies={deputies.data} chosen={to} onChoose={setTo} error={isMissing && to === null ? words.missing : null} />
          )}
          <UntilField value={until} onChange={setUntil} />
          {until === 'custom' && (
            <TextField
              label={words.at}
              type="datetime-local"
              required
              min={fieldOf(Date.now())}
              value={at}
              onChange={(event) => setAt(event.target.value)}
            />
          )}
          <TextArea label={words.comment} rows={2} maxLength={2_000} value={comment} onChange={(event) => setComment(event.target.value)} />
          <p className="text-muted text-note">{words.text}</p>
        </form>
      </DialogBody>
    </Dialog>
  );
}

/** When it comes back, as ISO 8601; null for never. */
function isoUntil(until: Until, at: string, nowMs: number): string | null {
  if (until === 'open') return null;
  if (until === 'custom') return isoOf(at);
  const ms = { evening: nextEvening(nowMs), tomorrow: tomorrowEvening(nowMs), week: nowMs + weekMs }[until];
  return new Date(ms).toISOString();
}

interface DeputyListProps {
  deputies: readonly Deputy[];
  chosen: Deputy | null;
  onChoose: (deputy: Deputy) => void;
  error: string | null;
}

function DeputyList({ deputies, chosen, onChoose, error }: DeputyListProps) {
  const [find, setFind] = useState('');
  const name = useId();
  if (deputies.length === 0) return <Notice tone="warn">{words.alone}</Notice>;
  const wanted = find.trim().toLowerCase();
  const shown = deputies.filter((one) => `${one.name} ${one.note}`.toLowerCase().includes(wanted));
  return (
    <fieldset className="mb-4">
      <legend className="mb-1 font-medium">{words.to}</legend>
      <input
        type="search"
        // biome-ignore lint/a11y/noAutofocus: with a keyboard the name is typed; on a phone the list is what helps
        autoFocus={hasPointer}
        aria-label={words.find}
        placeholder={words.find}
        value={find}
        onChange={(event) => setFind(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || shown[0] === undefined) return;
          event.preventDefault();
          onChoose(shown[0]);
        }}
        className={cx(control, 'mb-1.5 h-8 touch:h-11')}
      />
      <div className="max-h-52 overflow-y-auto rounded-control border border-line p-1">
        {shown.length === 0 && <p className="px-2 py-2 text-muted">{words.nobody}</p>}
        {shown.map((one) => (
          <label
            key={one.id}
            className="flex min-h-9 items-center gap-2.5 rounded-control px-2 hover:bg-hover has-checked:bg-accent-soft touch:min-h-12"
          >
            <input
              type="radio"
              name={name}
              checked={chosen?.id === one.id}
              onChange={() => onChoose(one)}
              className="size-4 shrink-0 accent-accent"
            />
            <span aria-hidden="true" className="text-muted">
              {one.kind === 'team' ? <UsersRound size={15} /> : <UserRound size={15} />}
            </span>
            <span className="min-w-0 flex-1 truncate">
              <span className="font-medium">{one.name}</span> <span className="text-muted">{one.note}</span>
            </span>
          </label>
        ))}
      </div>
      {error && (
        <p role="alert" className="mt-1 text-bad text-note">
          {error}
        </p>
      )}
    </fieldset>
  );
}

function UntilField({ value, onChange }: { value: Until; onChange: (until: Until) => void }) {
  const id = useId();
  return (
    <Frame id={id} label={words.until} help={value === 'open' ? null : words.untilHelp} error={null}>
      <select
        id={id}
        value={value}
        aria-describedby={value === 'open' ? undefined : `${id}-note`}
        onChange={(event) => onChange(untils.find((one) => one === event.target.value) ?? 'open')}
        className={cx(control, 'h-8 touch:h-11')}
      >
        {untils.map((one) => (
          <option key={one} value={one}>
            {words.untils[one]}
          </option>
        ))}
      </select>
    </Frame>
  );
}
