import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { approvalsText } from '#text/approvals.ts';
import type { ApprovalComment } from '../../api/approvals.ts';
import { get, post } from '../../api/client.ts';
import type { Approval, Page } from '../../api/types.ts';
import { capitalise } from '../../format.ts';
import { Button } from '../../ui/button.tsx';
import { describeError, ErrorBox, Notice, Skeleton } from '../../ui/feedback.tsx';
import { TextArea } from '../../ui/field.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { Section } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { useSignedIn } from '../session/session.ts';
import { useNames } from './people.ts';
import { approvalPath, commentsKey } from './queries.ts';

const words = approvalsText.comments;
const lengthMax = 4_000;

const commentsQuery = (id: string) =>
  queryOptions({
    queryKey: commentsKey(id),
    queryFn: ({ signal }) => get<Page<ApprovalComment>>(`${approvalPath(id)}/comments`, { signal }),
  });

/** What colleagues say to each other about an approval. */
export function CommentSection({ approval: { id } }: { approval: Approval }) {
  const comments = useQuery(commentsQuery(id));
  const nameOf = useNames();
  const mayWrite = useSignedIn().permissions.includes('approval:decide');
  const items = comments.data?.items ?? [];
  return (
    <Section title={words.title}>
      {comments.error && !comments.data && <ErrorBox error={comments.error} onRetry={comments.refetch} />}
      {comments.isPending && <Skeleton rows={1} />}
      {comments.data && items.length === 0 && <p className="px-4 py-3 text-muted">{words.empty}</p>}
      {items.length > 0 && (
        <ol className="divide-y divide-line">
          {items.map((comment) => (
            <li key={comment.id} className="px-4 py-2.5">
              <p className="flex flex-wrap items-baseline gap-x-2">
                <span className="font-medium">{capitalise(nameOf(comment.by))}</span>
                <span className="text-muted text-note">
                  <Time at={comment.at} />
                </span>
              </p>
              <ForeignText value={comment.text} block />
            </li>
          ))}
        </ol>
      )}
      {mayWrite && comments.data && <CommentForm id={id} />}
    </Section>
  );
}

function CommentForm({ id }: { id: string }) {
  const client = useQueryClient();
  const [typed, setTyped] = useState('');
  const [isMissing, setMissing] = useState(false);
  const send = useMutation({
    mutationFn: (text: string) => post(`${approvalPath(id)}/comments`, { text }),
    onSuccess: async () => {
      setTyped('');
      await Promise.all([
        client.invalidateQueries({ queryKey: commentsKey(id) }),
        client.invalidateQueries({ queryKey: ['approval', id] }),
      ]);
    },
  });
  const isEmpty = typed.trim() === '';
  return (
    <form
      className="border-line border-t px-4 py-3"
      onSubmit={(event) => {
        event.preventDefault();
        setMissing(isEmpty);
        if (!isEmpty && !send.isPending) send.mutate(typed.trim());
      }}
    >
      {send.error && (
        <Notice tone="bad" role="alert">
          {describeError(send.error)}
        </Notice>
      )}
      <TextArea
        label={words.label}
        placeholder={words.placeholder}
        error={isMissing && isEmpty ? words.missing : null}
        rows={2}
        maxLength={lengthMax}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) event.currentTarget.form?.requestSubmit();
        }}
      />
      <div className="flex justify-end">
        <Button type="submit" size="small" disabled={send.isPending}>
          {words.send}
        </Button>
      </div>
    </form>
  );
}
