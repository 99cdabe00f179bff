import { useQuery } from '@tanstack/react-query';
import { operatorText } from '#text/operator.ts';
import { put } from '../../api/client.ts';
import type { QuotaLimit } from '../../api/tenancy.ts';
import { formatAmount } from '../../format.ts';
import { ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';
import { Block } from '../../ui/form/block.tsx';
import { Columns } from '../../ui/form/columns.tsx';
import { SaveForm } from '../../ui/form/save-form.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { useDraft } from '../../ui/form/use-draft.ts';
import { quotasQuery, tenantPath } from './queries.ts';
import { QuotaChanges } from './quota-changes.tsx';

const words = operatorText;

/** The limits of one tenant; an empty field takes what applies to all. */
export function QuotaForm({ tenantId }: { tenantId: string }) {
  const quotas = useQuery(quotasQuery(tenantId));
  return (
    <Block title={words.quotas} note={words.quotasText}>
      {quotas.error && !quotas.data && <ErrorBox error={quotas.error} onRetry={quotas.refetch} />}
      {quotas.isPending && <Skeleton rows={4} />}
      {quotas.data && <Limits tenantId={tenantId} quotas={quotas.data.items} />}
      {quotas.data && <QuotaChanges tenantId={tenantId} quotas={quotas.data.items} />}
    </Block>
  );
}

function Limits({ tenantId, quotas }: { tenantId: string; quotas: QuotaLimit[] }) {
  const saved = Object.fromEntries(quotas.map(({ quota, unit, limit }) => [quota, limit === null ? '' : String(limit / stepOf(unit))]));
  const { draft, changes, set, isChanged, reset } = useDraft(saved);
  const save = useAct(
    () =>
      put(`${tenantPath(tenantId)}/quotas`, {
        limits: Object.fromEntries(
          quotas.filter(({ quota }) => quota in changes).map(({ quota, unit }) => [quota, toLimit(changes[quota], unit)]),
        ),
      }),
    { refresh: ['operator-quotas', 'operator-tenants'], said: words.saved, onDone: reset },
  );
  return (
    <SaveForm isChanged={isChanged} isBusy={save.isPending} error={save.error} onSave={() => save.mutate()} onReset={reset}>
      <Columns>
        {quotas.map(({ quota, title, unit, window, standard, used }) => (
          <TextField
            key={quota}
            label={[title, window === 'minute' && words.windows.minute, words.units[unit]].filter(Boolean).join(', ')}
            help={`${words.used(formatAmount(used, unit))} · ${words.standard(standard === null ? words.noLimit : formatAmount(standard, unit))}`}
            type="number"
            min={0}
            step="any"
            value={draft[quota] ?? ''}
            onChange={(event) => set({ [quota]: event.target.value })}
          />
        ))}
      </Columns>
    </SaveForm>
  );
}

/** Limits are kept in bytes and in millionths of a dollar; people type megabytes and dollars. */
const stepOf = (unit: string): number => (unit === 'micro-usd' || unit === 'bytes' ? 1_000_000 : 1);

const toLimit = (typed: string | undefined, unit: string): number | null =>
  typed === undefined || typed === '' ? null : Math.round(Number(typed) * stepOf(unit));
