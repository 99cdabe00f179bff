import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ListTodo } from 'lucide-react';
import { setupText as words } from '#text/setup.ts';
import { put } from '../../api/client.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { useSignedIn } from '../session/session.ts';
import { settingsQuery } from '../settings/queries.ts';
import { questions } from './steps.ts';

/** On the home page, while the set-up is not through: how much of it is left, and the way on. */
export function SetupCard() {
  const mayWrite = useSignedIn().permissions.includes('settings:write');
  const step = useQuery({ ...settingsQuery, enabled: mayWrite }).data?.setup ?? 'done';
  const end = useAct(() => put('/settings', { setup: 'done' }), { refresh: ['settings'], toastsErrors: true });
  if (!mayWrite || step === 'done') return null;
  return (
    <div className="mb-4 flex flex-wrap items-center gap-x-3 gap-y-2 rounded-card border border-accent/30 bg-accent-soft px-4 py-2.5 max-sm:py-3">
      <ListTodo size={15} aria-hidden="true" className="shrink-0 text-accent" />
      <p className="min-w-48 flex-1">{words.card(questions.length - questions.indexOf(step))}</p>
      <div className="flex flex-wrap gap-2 max-sm:w-full max-sm:flex-row-reverse max-sm:justify-end">
        <Button look="quiet" size="small" disabled={end.isPending} onClick={() => end.mutate()}>
          {words.notNow}
        </Button>
        <Link to="/setup" className={buttonClass('primary', 'small')}>
          {words.continueSetup}
        </Link>
      </div>
    </div>
  );
}
