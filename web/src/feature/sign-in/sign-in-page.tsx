import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { peopleText } from '#text/people.ts';
import { text } from '#text/work.ts';
import type { SecondFactor, SignInWays } from '../../api/identity.ts';
import { Notice } from '../../ui/feedback.tsx';
import { Outside } from '../../ui/outside.tsx';
import { linkOutcome, meKey, useMe } from '../session/session.ts';
import { AddressStep } from './address-step.tsx';
import { SecondStep } from './second-step.tsx';
import { WayStep } from './way-step.tsx';

const words = peopleText.signIn;

type Step =
  | { kind: 'address' }
  | { kind: 'ways'; email: string; ways: SignInWays }
  | { kind: 'second'; factors: SecondFactor[] }
  | { kind: 'mailed'; email: string };

/** A link that was opened may have been half of the way. */
function firstStep(): Step {
  const link = linkOutcome();
  return link?.kind === 'second' ? { kind: 'second', factors: link.factors } : { kind: 'address' };
}

/** Who are you, then how do you show it: one question at a time. Also shown in the place of a page that needs a session. */
export default function SignInPage() {
  const { to, code } = readAddress();
  const [step, setStep] = useState<Step>(firstStep);
  const client = useQueryClient();
  const history = useRouter().history;
  const isSignedIn = Boolean(useMe().data);
  useEffect(() => {
    if (isSignedIn && location.pathname === '/sign-in') history.replace(to);
  }, [isSignedIn, history, to]);
  const onSignedIn = () => client.invalidateQueries({ queryKey: meKey });
  const onSecond = (factors: SecondFactor[]) => setStep({ kind: 'second', factors });
  const title = step.kind === 'second' ? words.codeTitle : step.kind === 'mailed' ? words.linkSent : words.title;
  return (
    <Outside title={title}>
      {step.kind === 'address' && <Refusal code={code} />}
      {step.kind === 'address' && <AddressStep onWays={(email, ways) => setStep({ kind: 'ways', email, ways })} onSignedIn={onSignedIn} />}
      {step.kind === 'ways' && (
        <WayStep
          email={step.email}
          ways={step.ways}
          to={to}
          onSignedIn={onSignedIn}
          onSecond={onSecond}
          onMailed={() => setStep({ kind: 'mailed', email: step.email })}
          onBack={() => setStep({ kind: 'address' })}
        />
      )}
      {step.kind === 'second' && <SecondStep factors={step.factors} onSignedIn={onSignedIn} onBack={() => setStep({ kind: 'address' })} />}
      {step.kind === 'mailed' && (
        <p role="status" className="text-muted">
          {words.linkSentText(step.email)}
        </p>
      )}
    </Outside>
  );
}

/** Why the last try failed, when another page of the server sent the person here to say so. */
function Refusal({ code }: { code: string | null }) {
  if (code === null && linkOutcome()?.kind !== 'failed') return null;
  return (
    <Notice tone="bad" role="alert">
      {code === null ? words.invalid : (text.errors.codes[code] ?? words.fault)}
    </Notice>
  );
}

/** Where to go afterwards, which is only ever a path of ours, and the code of what went wrong. */
function readAddress(): { to: string; code: string | null } {
  const search = new URLSearchParams(location.search);
  if (location.pathname !== '/sign-in') return { to: location.pathname + location.search, code: null };
  const to = search.get('to') ?? '/';
  const isOurs = /^\/(?![/\\])/.test(to) && !to.startsWith('/sign-in');
  return { to: isOurs ? to : '/', code: search.get('error') };
}
