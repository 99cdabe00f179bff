import { useQueryClient } from '@tanstack/react-query';
import { FlaskConical } from 'lucide-react';
import { useCallback, useState } from 'react';
import { demoText as words } from '#text/demo.ts';
import { later } from '../../ui/later.tsx';
import { useSignedIn } from '../session/session.ts';
import { useDemo } from './demo.ts';

const RemoveDemo = later(() => import('./remove-demo.tsx'));

/** Says on the home page that some of what is here is made up, and lets whoever may take it out. */
export function DemoBanner() {
  const demo = useDemo();
  const client = useQueryClient();
  const mayRemove = useSignedIn().permissions.includes('settings:write');
  const [isAsking, setAsking] = useState(false);
  const close = useCallback(() => setAsking(false), []);
  if (!demo) return null;
  return (
    <div className="mb-4 flex flex-wrap items-center gap-x-3 rounded-card border border-line bg-panel px-4 py-2.5">
      <FlaskConical size={15} aria-hidden="true" className="shrink-0 text-muted max-sm:mt-0.5 max-sm:self-start" />
      <p className="min-w-48 flex-1 text-muted">{words.banner}</p>
      {mayRemove && (
        <button
          type="button"
          onClick={() => setAsking(true)}
          className="h-7 rounded-control px-2 font-medium text-accent hover:bg-hover max-sm:-mb-1.5 max-sm:ml-4.75 touch:h-11"
        >
          {words.remove}
        </button>
      )}
      {isAsking && <RemoveDemo demo={demo} onClose={close} onRemoved={() => client.invalidateQueries()} />}
    </div>
  );
}
