import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { approvalsText } from '#text/approvals.ts';
import { inboxText } from '#text/inbox.ts';
import { text } from '#text/work.ts';
import type { Approval } from '../../api/types.ts';
import { formatMoment } from '../../format.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogBody } from '../../ui/dialog.tsx';
import { describeError, Notice } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { toast } from '../../ui/toast.tsx';
import { fieldOf, isoOf, snoozeMoments } from './moments.ts';
import { urgentMs } from './queries.ts';
import { putOff, refreshApproval, wakeAgain } from './snooze.ts';

const words = approvalsText.snooze;

/** Puts an approval off for the reader: one press for the usual times, a field for any other. */
export function SnoozeDialog({ approval, onClose }: { approval: Approval; onClose: () => void }) {
  const client = useQueryClient();
  const formId = useId();
  const [nowMs] = useState(Date.now);
  const [custom, setCustom] = useState<string | null>(null);
  const lastMs = Date.parse(approval.expiresAt) - urgentMs;
  const moments = snoozeMoments(nowMs, approval.expiresAt);
  const snooze = useMutation({
    mutationFn: (until: string) => putOff(approval.id, until),
    onSuccess: async (_, until) => {
      onClose();
      const onPress = () => void wakeAgain(client, approval);
      toast(words.done(formatMoment(until, Date.now())), {
        description: approval.headline,
        action: { label: inboxText.undo, shortcut: 'u', onPress },
      });
      await refreshApproval(client, approval.id);
    },
  });
  const chosen = custom === null ? null : isoOf(custom);
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={words.title}
      footer={
        custom !== null && (
          <>
            <Button onClick={onClose}>{text.common.cancel}</Button>
            <Button look="primary" type="submit" form={formId} disabled={snooze.isPending || chosen === null}>
              {words.save}
            </Button>
          </>
        )
      }
    >
      <DialogBody>
        {snooze.error && (
          <Notice tone="bad" role="alert">
            {describeError(snooze.error)}
          </Notice>
        )}
        <p className="mb-3 text-muted">
          <ForeignText value={approval.headline} cutAt={160} />
        </p>
        {lastMs <= nowMs ? (
          <Notice tone="warn">{words.tooLate}</Notice>
        ) : (
          <>
            <ul className="-mx-2 mb-2">
              {moments.map(({ moment, atMs }, i) => {
                const until = new Date(atMs).toISOString();
                return (
                  <li key={moment}>
                    <button
                      type="button"
                      // biome-ignore lint/a11y/noAutofocus: the usual answer is one press of a key away
                      autoFocus={i === 0}
                      disabled={snooze.isPending}
                      onClick={() => snooze.mutate(until)}
                      className="flex h-10 w-full items-center justify-between gap-3 rounded-control px-2 text-left hover:bg-hover touch:h-12"
                    >
                      <span className="font-medium">{words.choices[moment]}</span>
                      <span className="text-muted">{formatMoment(until, nowMs)}</span>
                    </button>
                  </li>
                );
              })}
              {custom === null && (
                <li>
                  <button
                    type="button"
                    onClick={() => setCustom(fieldOf(Math.min(lastMs, nowMs + urgentMs)))}
                    className="flex h-10 w-full items-center rounded-control px-2 text-left font-medium hover:bg-hover touch:h-12"
                  >
                    {words.custom}…
                  </button>
                </li>
              )}
            </ul>
            {custom !== null && (
              <form
                id={formId}
                onSubmit={(event) => {
                  event.preventDefault();
                  if (chosen !== null) snooze.mutate(chosen);
                }}
              >
                <TextField
                  label={words.custom}
                  help={words.customHelp(formatMoment(new Date(lastMs).toISOString(), nowMs))}
                  type="datetime-local"
                  required
                  autoFocus
                  min={fieldOf(nowMs)}
                  max={fieldOf(lastMs)}
                  value={custom}
                  onChange={(event) => setCustom(event.target.value)}
                />
              </form>
            )}
            <p className="text-muted text-note">{words.text}</p>
          </>
        )}
      </DialogBody>
    </Dialog>
  );
}
