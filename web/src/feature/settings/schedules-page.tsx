import { CalendarClock, Pause, Play, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { connectionsText } from '#text/connections.ts';
import { post, put } from '../../api/client.ts';
import type { Schedule } from '../../api/connections.ts';
import { listQuery } from '../../api/list.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Row } from '../../ui/form/list-card.tsx';
import { Removal } from '../../ui/form/removal.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { RowMenu } from '../../ui/row-menu.tsx';
import { Time } from '../../ui/time.tsx';
import { ListPage } from './list-page.tsx';
import { ScheduleDialog } from './schedule-dialog.tsx';
import { useMay } from './topics.tsx';

const words = connectionsText.schedules;
const schedulesQuery = listQuery<Schedule>('schedules', '/schedules');
const pathOf = ({ id }: Schedule) => `/schedules/${encodeURIComponent(id)}`;

type Open = { is: 'new' } | { is: 'change' | 'remove'; schedule: Schedule };

/** Work that comes at set times. */
export default function SchedulesPage() {
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const mayChange = useMay('connection:admin');
  return (
    <ListPage
      topic="schedules"
      words={words}
      icon={CalendarClock}
      query={schedulesQuery}
      row={(schedule) => (
        <ScheduleRow
          schedule={schedule}
          mayChange={mayChange}
          onChange={() => setOpen({ is: 'change', schedule })}
          onRemove={() => setOpen({ is: 'remove', schedule })}
        />
      )}
      onNew={mayChange && (() => setOpen({ is: 'new' }))}
    >
      {open?.is === 'new' && <ScheduleDialog onClose={close} />}
      {open?.is === 'change' && <ScheduleDialog schedule={open.schedule} onClose={close} />}
      {open?.is === 'remove' && (
        <Removal
          path={pathOf(open.schedule)}
          refresh={['schedules']}
          title={words.removeTitle(open.schedule.name)}
          action={words.remove}
          said={words.removed}
          onClose={close}
        >
          {words.removeText}
        </Removal>
      )}
    </ListPage>
  );
}

interface ScheduleRowProps {
  schedule: Schedule;
  mayChange: boolean;
  onChange: () => void;
  onRemove: () => void;
}

function ScheduleRow({ schedule, mayChange, onChange, onRemove }: ScheduleRowProps) {
  const { name, kind, cron, state, nextAt, lastAt, faultCode } = schedule;
  const isPaused = state === 'paused';
  const toggle = useAct(() => put(pathOf(schedule), { state: isPaused ? 'active' : 'paused' }), {
    refresh: ['schedules'],
    said: isPaused ? words.resumed : words.paused,
    toastsErrors: true,
  });
  const run = useAct(() => post(`${pathOf(schedule)}/run`), { refresh: ['schedules'], said: words.ran, toastsErrors: true });
  return (
    <Row
      title={name}
      marks={isPaused && <Badge>{words.isPaused}</Badge>}
      note={
        <>
          {presetOf(cron)} · {kind}
          {nextAt && (
            <>
              {' '}
              · {words.nextAt} <Time at={nextAt} />
            </>
          )}
          {lastAt && (
            <>
              {' '}
              · {words.lastAt} <Time at={lastAt} />
            </>
          )}
          {faultCode && <p className="mt-1 text-bad">{words.fault(faultCode)}</p>}
        </>
      }
      side={
        mayChange && (
          <>
            <Button look="quiet" size="small" aria-label={words.runLabel(name)} onClick={() => run.mutate()}>
              {words.run}
            </Button>
            <Button size="small" aria-label={words.changeLabel(name)} onClick={onChange}>
              {words.change}
            </Button>
            <RowMenu
              label={words.moreLabel(name)}
              acts={[
                isPaused
                  ? { icon: Play, label: words.resume, onSelect: () => toggle.mutate() }
                  : { icon: Pause, label: words.pause, onSelect: () => toggle.mutate() },
                { icon: Trash2, label: words.remove, onSelect: onRemove },
              ]}
            />
          </>
        )
      }
    />
  );
}

const presetOf = (cron: string): string => (words.presets as Record<string, string>)[cron] ?? cron;
