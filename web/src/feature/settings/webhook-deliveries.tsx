import { Send } from 'lucide-react';
import { connectionsText } from '#text/connections.ts';
import { text } from '#text/work.ts';
import { post } from '../../api/client.ts';
import type { Delivery, Webhook } from '../../api/connections.ts';
import { listQuery } from '../../api/list.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogBody } from '../../ui/dialog.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { ListCard, Row } from '../../ui/form/list-card.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Time } from '../../ui/time.tsx';

const words = connectionsText.webhooks;
const tones: Record<Delivery['state'], Tone> = { waiting: 'warn', delivered: 'good', failed: 'bad' };

interface WebhookDeliveriesProps {
  webhook: Webhook;
  mayReplay: boolean;
  onClose: () => void;
}

/** What an endpoint was told in the last 30 days, what came of it, and a way to tell it again. */
export function WebhookDeliveries({ webhook, mayReplay, onClose }: WebhookDeliveriesProps) {
  const path = `/webhooks/${encodeURIComponent(webhook.id)}/deliveries`;
  const query = { ...listQuery<Delivery>('deliveries', path), refetchInterval: 3_000 };
  return (
    <Dialog
      isOpen
      wide
      onClose={onClose}
      title={words.deliveries(webhook.url)}
      footer={<Button onClick={onClose}>{text.common.close}</Button>}
    >
      <DialogBody>
        <ListCard
          query={query}
          keyOf={({ id }) => id}
          empty={
            <Empty icon={<Send size={18} aria-hidden="true" />} title={words.noDeliveries}>
              {words.noDeliveriesText}
            </Empty>
          }
        >
          {(delivery) => <DeliveryRow delivery={delivery} path={path} mayReplay={mayReplay} />}
        </ListCard>
      </DialogBody>
    </Dialog>
  );
}

function DeliveryRow({ delivery, path, mayReplay }: { delivery: Delivery; path: string; mayReplay: boolean }) {
  const { id, kind, state, attempts, createdAt, nextAt, lastStatus, message, payload } = delivery;
  const replay = useAct(() => post(`${path}/${encodeURIComponent(id)}/replay`), {
    refresh: ['deliveries'],
    said: words.replayed,
    toastsErrors: true,
  });
  return (
    <Row
      title={kind}
      marks={<Badge tone={tones[state]}>{words.deliveryStates[state]}</Badge>}
      note={
        <>
          <Time at={createdAt} /> · {words.attempts(attempts)}
          {lastStatus !== null && <> · {lastStatus}</>}
          {nextAt && attempts > 0 && (
            <>
              {' '}
              · {words.next} <Time at={nextAt} />
            </>
          )}
          {message && <p className="mt-1 text-bad">{message}</p>}
          {payload !== null && (
            <Disclosure summary={words.payload}>
              <pre className="mt-1 overflow-x-auto whitespace-pre-wrap text-note">{payload}</pre>
            </Disclosure>
          )}
        </>
      }
      side={
        mayReplay &&
        state !== 'waiting' && (
          <Button size="small" aria-label={words.replayLabel(kind)} onClick={() => replay.mutate()}>
            {words.replay}
          </Button>
        )
      }
    />
  );
}
