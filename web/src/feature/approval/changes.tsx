import { text } from '#text/work.ts';
import type { Approval } from '../../api/types.ts';
import { Notice } from '../../ui/feedback.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';

/** Says what became different since the page was opened. */
export function Changes({ before, after }: { before: Approval; after: Approval }) {
  const was = new Map(before.fields.map((field) => [field.name, field.display]));
  const changed = after.fields.filter((field) => was.get(field.name) !== field.display);
  return (
    <Notice tone="bad" role="alert">
      <p className="font-medium">{text.approval.changed}</p>
      {changed.length > 0 && (
        <dl className="mt-2 grid gap-1">
          {changed.map((field) => (
            <div key={field.name} className="flex flex-wrap gap-x-2">
              <dt className="text-muted">{field.title}:</dt>
              <dd>
                <ForeignText value={field.display} cutAt={200} />{' '}
                <span className="text-muted">
                  ({text.approval.before} <ForeignText value={was.get(field.name) ?? text.common.none} cutAt={200} />)
                </span>
              </dd>
            </div>
          ))}
        </dl>
      )}
    </Notice>
  );
}
