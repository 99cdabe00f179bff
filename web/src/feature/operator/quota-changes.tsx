import { useState } from 'react';
import { operatorText } from '#text/operator.ts';
import { put } from '../../api/client.ts';
import type { QuotaChange, QuotaLimit } from '../../api/tenancy.ts';
import { formatActor, formatAmount, formatExact } from '../../format.ts';
import { Button } from '../../ui/button.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';
import { Confirm } from '../../ui/form/confirm.tsx';
import { ListCard, Row } from '../../ui/form/list-card.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Time } from '../../ui/time.tsx';
import { usePerson } from '../session/session.ts';
import { quotaChangesQuery, tenantPath } from './queries.ts';

const words = operatorText.quotaChanges;

interface QuotaChangesProps {
  tenantId: string;
  quotas: QuotaLimit[];
}

/** What limits this tenant had before, and the way back. */
export function QuotaChanges({ tenantId, quotas }: QuotaChangesProps) {
  const me = usePerson();
  const [restoring, setRestoring] = useState<QuotaChange | null>(null);
  return (
    <div className="mt-4">
      <Disclosure summary={words.title}>
        <div className="pt-3">
          <ListCard
            query={quotaChangesQuery(tenantId)}
            keyOf={({ id }) => id}
            rows={1}
            empty={<p className="px-4 py-3 text-muted">{words.none}</p>}
          >
            {(change) => (
              <Row
                title={
                  <ul>
                    {change.changes.map(({ name, before, after }) => (
                      <li key={name}>{words.fromTo(titleOf(quotas, name), shownAs(quotas, name, before), shownAs(quotas, name, after))}</li>
                    ))}
                  </ul>
                }
                note={
                  <>
                    {words.by(formatActor(change.author, me.principal.actor))} · <Time at={change.at} />
                  </>
                }
                side={
                  <Button size="small" aria-label={words.restoreLabel(formatExact(change.at))} onClick={() => setRestoring(change)}>
                    {words.restore}
                  </Button>
                }
              />
            )}
          </ListCard>
        </div>
      </Disclosure>
      {restoring && <Restoring tenantId={tenantId} quotas={quotas} change={restoring} onClose={() => setRestoring(null)} />}
    </div>
  );
}

function Restoring({ tenantId, quotas, change, onClose }: QuotaChangesProps & { change: QuotaChange; onClose: () => void }) {
  // What applies to every tenant is given back as that, so that it follows when that changes.
  const limitOf = (name: string, before: number | null) =>
    quotas.find(({ quota }) => quota === name)?.standard === before ? null : before;
  const restore = useAct(
    () =>
      put(`${tenantPath(tenantId)}/quotas`, {
        limits: Object.fromEntries(change.changes.map(({ name, before }) => [name, limitOf(name, before)])),
      }),
    { refresh: ['operator-quotas', 'operator-tenants'], said: words.restored },
  );
  return (
    <Confirm title={words.restoreTitle} action={words.restoreAction} onClose={onClose} onConfirm={() => restore.mutateAsync()}>
      <ul className="list-disc pl-5 text-ink">
        {change.changes.map(({ name, before }) => (
          <li key={name}>{words.willBe(titleOf(quotas, name), shownAs(quotas, name, before))}</li>
        ))}
      </ul>
    </Confirm>
  );
}

const titleOf = (quotas: QuotaLimit[], name: string): string => quotas.find(({ quota }) => quota === name)?.title ?? name;

const shownAs = (quotas: QuotaLimit[], name: string, value: number | null): string =>
  value === null ? operatorText.noLimit : formatAmount(value, quotas.find(({ quota }) => quota === name)?.unit ?? '');
