import { queryOptions, useQuery } from '@tanstack/react-query';
import { Check, TriangleAlert } from 'lucide-react';
import { approvalsText } from '#text/approvals.ts';
import { text } from '#text/work.ts';
import type { SourceLine } from '../../api/approvals.ts';
import { get } from '../../api/client.ts';
import type { Approval, Page } from '../../api/types.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Notice } from '../../ui/feedback.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { Section } from '../../ui/page.tsx';
import { approvalPath } from './queries.ts';

const words = approvalsText.source;

/** Its bytes are part of the key: another action is another comparison. */
const sourceQuery = ({ id, payloadHash }: Approval) =>
  queryOptions({
    queryKey: ['approval-source', id, payloadHash],
    queryFn: ({ signal }) => get<Page<SourceLine>>(`${approvalPath(id)}/source`, { signal }),
  });

const useSource = (approval: Approval): readonly SourceLine[] => useQuery(sourceQuery(approval)).data?.items ?? [];

const tones: Record<SourceLine['relation'], Tone> = { same: 'good', different: 'bad', absent: 'warn' };
const order = ['different', 'absent', 'same'];

/** Every value that a source says something about, what it says, and whether that is what would be done. */
export function SourceSection({ approval }: { approval: Approval }) {
  const lines = useSource(approval).toSorted((a, b) => order.indexOf(a.relation) - order.indexOf(b.relation));
  if (lines.length === 0) return null;
  return (
    <Section title={words.title} side={<span className="text-muted text-note max-sm:hidden">{words.note}</span>}>
      <Summary lines={lines} />
      <ul className="divide-y divide-line">
        {lines.map((line) => (
          <li key={`${line.field} ${line.source.id} ${line.source.path}`} className="px-4 py-2.5">
            <Line approval={approval} line={line} />
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Summary({ lines }: { lines: readonly SourceLine[] }) {
  const different = lines.filter(({ relation }) => relation === 'different').length;
  const same = lines.filter(({ relation }) => relation === 'same').length;
  const look = different > 0 ? 'bg-bad-soft text-bad' : 'bg-good-soft text-good';
  if (different + same === 0) return null;
  return (
    <p className={`flex items-center gap-1.5 border-line border-b px-4 py-2 font-medium text-note ${look}`}>
      {different > 0 ? <TriangleAlert size={13} aria-hidden="true" /> : <Check size={13} aria-hidden="true" />}
      {different > 0 ? words.different(different) : words.same(same)}
    </p>
  );
}

function Line({ approval, line }: { approval: Approval; line: SourceLine }) {
  const { field: name, source, value, relation } = line;
  const field = approval.fields.find((one) => one.name === name);
  return (
    <dl className="grid gap-x-4 gap-y-1.5 sm:grid-cols-[8.5rem_minmax(0,1fr)]">
      <dt className="flex items-center justify-between gap-2 text-muted sm:flex-col sm:items-start sm:justify-start">
        {field?.title ?? name}
        <Badge tone={tones[relation]}>{words.relations[relation]}</Badge>
      </dt>
      <dd className="grid min-w-0 gap-x-4 gap-y-1.5 sm:grid-cols-2">
        <div>
          <span className="block text-muted text-note">{words.says(sourceName(line))}</span>
          {relation === 'different' && (
            <p className="font-medium text-bad">
              <ForeignText value={value} cutAt={200} />
            </p>
          )}
          <p className="text-muted">{source.text === null ? words.nothing : <ForeignText value={source.text} cutAt={200} />}</p>
        </div>
        <div>
          <span className="block text-muted text-note">{words.action}</span>
          <p className="font-medium">
            <ForeignText value={field?.display ?? value} cutAt={200} />
          </p>
        </div>
      </dd>
    </dl>
  );
}

const sourceNames: Record<string, string> = text.origin;

/** What the source is called; what is of no kind of its own is an event. */
const sourceName = ({ source }: SourceLine): string => sourceNames[source.kind] ?? text.origin.event;

/** Only what differs from the source, for a place where there is no room for all of it. */
export function Differences({ approval }: { approval: Approval }) {
  const lines = useSource(approval).filter(({ relation }) => relation === 'different');
  if (lines.length === 0) return null;
  return (
    <Notice tone="bad">
      <p className="mb-1 flex items-center gap-1.5 font-medium text-bad">
        <TriangleAlert size={14} aria-hidden="true" className="shrink-0" />
        {words.different(lines.length)}
      </p>
      <dl>
        {lines.map((line) => {
          const field = approval.fields.find((one) => one.name === line.field);
          return (
            <div key={`${line.field} ${line.value}`} className="flex flex-wrap gap-x-2">
              <dt className="text-muted">{field?.title ?? line.field}</dt>
              <dd className="font-medium">
                <ForeignText value={field?.display ?? text.common.none} cutAt={120} />
              </dd>
              <dd className="text-muted">
                {words.says(sourceName(line))}: <ForeignText value={line.value} cutAt={120} />
              </dd>
            </div>
          );
        })}
      </dl>
    </Notice>
  );
}
