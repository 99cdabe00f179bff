import { useQuery } from '@tanstack/react-query';
import { policiesText } from '#text/policies.ts';
import { request } from '../../api/client.ts';
import type { Policy, PolicyDraft } from '../../api/policies.ts';
import { ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Lines } from '../vault/difference-view.tsx';
import { checkQuery, simulationQuery } from './queries.ts';
import { SimulationView } from './simulation-view.tsx';

const words = policiesText;

interface AdoptDialogProps {
  title: string;
  action: string;
  draft: PolicyDraft;
  /** The one in force, over which it is saved. */
  policy: Policy;
  onClose: () => void;
  onDone?: () => void;
}

/** Before policies are put in force: what they would have done with what was decided, and what changes in the text. */
export function AdoptDialog({ title, action, draft, policy, onClose, onDone }: AdoptDialogProps) {
  const check = useQuery(checkQuery(draft));
  // It holds nobody up for long, and who saves should have seen it.
  const isTrying = useQuery(simulationQuery(draft)).isPending;
  const adopt = useAct(() => request('PUT', '/policy', { body: draft, headers: { 'if-match': `"${policy.version}"` } }), {
    refresh: ['policy', 'settings', 'changes'],
    said: words.adopted,
    onDone: () => {
      onClose();
      onDone?.();
    },
  });
  const text = check.data?.text;
  return (
    <FormDialog
      title={title}
      action={action}
      wide
      isDisabled={isTrying || text === undefined || text === policy.text || (check.data?.faults.length ?? 1) > 0}
      onClose={onClose}
      onSubmit={() => adopt.mutateAsync()}
    >
      <SimulationView draft={draft} />
      <h3 className="mt-6 mb-2 font-semibold">{words.changed}</h3>
      {check.error && <ErrorBox error={check.error} onRetry={check.refetch} />}
      {check.isPending && <Skeleton rows={3} />}
      {text !== undefined &&
        (text === policy.text ? <p className="text-muted">{words.sameText}</p> : <Lines before={policy.text} after={text} />)}
      {check.data?.faults.map(({ line, message }) => (
        <p key={`${line} ${message}`} className="mt-2 text-bad">
          {message}
        </p>
      ))}
    </FormDialog>
  );
}
