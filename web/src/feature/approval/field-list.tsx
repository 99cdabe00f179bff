import { BookUser, TriangleAlert } from 'lucide-react';
import { text } from '#text/work.ts';
import type { Field } from '../../api/types.ts';
import { Badge } from '../../ui/badge.tsx';
import { cx } from '../../ui/cx.ts';
import { ForeignLine, ForeignText } from '../../ui/foreign-text.tsx';
import { formatCalendarDay } from '../money/amount.ts';

/**
 * The arguments of an action, each with where it comes from. A value that steers the effect and that a stranger can have written stands out.
 */
export function FieldList({ fields, compact = false }: { fields: readonly Field[]; compact?: boolean }) {
  if (fields.length === 0) return <p className="px-4 py-3 text-muted">{text.approval.empty}</p>;
  const riskyCount = fields.filter(isRisky).length;
  return (
    <>
      {riskyCount > 0 && (
        <p className="flex items-start gap-1.5 border-line border-b bg-warn-soft px-4 py-2 text-note text-warn">
          <TriangleAlert size={13} aria-hidden="true" className="mt-px shrink-0" />
          {text.approval.untrustedHelp(riskyCount)}
        </p>
      )}
      <dl className="divide-y divide-line">
        {fields.map((field) => (
          <FieldRow key={field.name} field={field} compact={compact} />
        ))}
      </dl>
    </>
  );
}

/** Addresses and account numbers: in mono l, I and 1, O and 0 look different. */
const isCode = /^\S+@\S+$|^[A-Z]{2}\d{2}[ \dA-Z]+$/;

/** A day as the server writes it. */
const isDay = /^\d{4}-\d{2}-\d{2}$/;

/** A day that steers what is done stands as the reader writes days; everything else as it is. */
const shownAs = ({ role, display }: Field): string => (role === 'steering' && isDay.test(display) ? formatCalendarDay(display) : display);

const isRisky = ({ role, integrity }: Field): boolean => role === 'steering' && integrity === 'untrusted';

function FieldRow({ field, compact }: { field: Field; compact: boolean }) {
  return (
    <div
      className={cx(
        'grid gap-x-4 gap-y-1 px-4 py-2.5',
        compact ? 'grid-cols-[7rem_minmax(0,1fr)]' : 'sm:grid-cols-[8.5rem_minmax(0,1fr)]',
        isRisky(field) && 'bg-warn-soft',
      )}
    >
      <dt className="text-muted">{field.title}</dt>
      <dd className="min-w-0">
        <div className={cx(field.role === 'steering' ? 'font-medium' : 'whitespace-pre-wrap', isCode.test(field.display) && 'font-mono')}>
          {field.role === 'secret' ? text.approval.secret : <ForeignText value={shownAs(field)} cutAt={compact ? 160 : 600} />}
        </div>
        {!compact && (
          <div className="mt-1.5 flex flex-wrap items-center gap-1.5">
            {isRisky(field) && <Badge tone="warn">{text.approval.untrusted}</Badge>}
            {field.origins.map((origin) => (
              <OriginChip key={`${origin.kind} ${origin.text}`} kind={origin.kind} words={origin.text} />
            ))}
          </div>
        )}
        {field.known !== null && (
          <p className="mt-1.5 flex items-start gap-1.5 font-medium text-good text-note">
            <BookUser size={13} aria-hidden="true" className="mt-px shrink-0" />
            <ForeignLine value={field.known} />
          </p>
        )}
        {field.warnings.map((warning) => (
          <p key={warning} className="mt-1.5 flex items-start gap-1.5 font-medium text-bad text-note">
            <TriangleAlert size={13} aria-hidden="true" className="mt-px shrink-0" />
            {warning}
          </p>
        ))}
      </dd>
    </div>
  );
}

/** Where a value comes from, in a word. */
export function OriginChip({ kind, words }: { kind: Field['origins'][number]['kind']; words: string }) {
  return (
    <span className="inline-flex min-h-5 max-w-full items-center gap-1.5 rounded bg-hover px-1.5 text-muted text-note">
      <span className="font-medium text-ink">{text.origin[kind]}</span>
      <span className="truncate">
        <ForeignLine value={words} />
      </span>
    </span>
  );
}
