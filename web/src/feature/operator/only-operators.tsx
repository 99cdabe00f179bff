import { UserCog } from 'lucide-react';
import type { ReactNode } from 'react';
import { operatorText } from '#text/operator.ts';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Page } from '../../ui/page.tsx';
import { changeTenant, usePerson } from '../session/session.ts';

/** Shows an operator's page to operators. A member who is one as well is asked to change; nobody else learns anything. */
export function OnlyOperators({ children }: { children: ReactNode }) {
  const person = usePerson();
  const change = useAct(changeTenant, { toastsErrors: true });
  if (person.tenant === null) return children;
  return (
    <Page title={operatorText.nav}>
      <Empty icon={<UserCog size={18} aria-hidden="true" />} title={person.operator ? operatorText.notHere : operatorText.notOperator}>
        {person.operator && (
          <>
            <p className="mb-3">{operatorText.notHereText}</p>
            <Button look="primary" disabled={change.isPending} onClick={() => change.mutate(null)}>
              {operatorText.change}
            </Button>
          </>
        )}
      </Empty>
    </Page>
  );
}
