import { text } from '#text/work.ts';
import type { Json, TaskEvent } from '../../api/types.ts';
import { formatExact } from '../../format.ts';
import { Disclosure } from '../../ui/disclosure.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { Section } from '../../ui/page.tsx';
import { ScrollBox } from '../../ui/scroll-box.tsx';

/** What came in, as it came: text, never markup. */
export function EventSection({ event }: { event: TaskEvent }) {
  const { payload } = event;
  const body = typeof payload.text === 'string' ? payload.text : null;
  const heads = ['subject', 'sender', 'date'].flatMap((name) => {
    const value = payload[name];
    if (typeof value !== 'string') return [];
    return [{ name, value: name === 'date' && !Number.isNaN(Date.parse(value)) ? formatExact(value) : value }];
  });
  return (
    <Section title={text.task.event}>
      <div className="px-4 py-3">
        {heads.length > 0 && (
          <dl className="mb-3 grid grid-cols-[5rem_minmax(0,1fr)] gap-x-3 gap-y-0.5">
            {heads.map(({ name, value }) => (
              <div key={name} className="contents">
                <dt className="text-muted">{text.task.eventHeads[name]}</dt>
                <dd className="min-w-0">
                  <ForeignText value={value} cutAt={300} />
                </dd>
              </div>
            ))}
          </dl>
        )}
        {body !== null && (
          <ScrollBox label={text.task.event} className="max-h-96 rounded-popup bg-bg px-3 py-2.5">
            <ForeignText value={body} cutAt={1500} block />
          </ScrollBox>
        )}
        <p className="mt-2 text-muted text-note">{text.task.eventNote}</p>
        <Disclosure summary={`${event.source} · ${event.kind} · ${event.channel}`}>
          <Raw value={{ provenance: event.provenance, payload: { ...payload, ...(body !== null && { text: '…' }) } }} />
        </Disclosure>
      </div>
    </Section>
  );
}

function Raw({ value }: { value: Json }) {
  return (
    <ScrollBox label={text.task.raw} className="max-h-80 rounded-control bg-hover p-2 font-mono text-note">
      <ForeignText value={text.json(value)} cutAt={4000} block />
    </ScrollBox>
  );
}
