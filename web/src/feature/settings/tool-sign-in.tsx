import { useState } from 'react';
import { toolsText } from '#text/tools.ts';
import { isApiError, post } from '../../api/client.ts';
import type { SignInPlace, ToolServer } from '../../api/tools.ts';
import { Button } from '../../ui/button.tsx';
import { describeError } from '../../ui/feedback.tsx';
import { ForeignLine } from '../../ui/foreign-text.tsx';
import { Confirm } from '../../ui/form/confirm.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { toast } from '../../ui/toast.tsx';

const words = toolsText;

/** Another authorisation server than last time, which is agreed to by its pin. */
interface Change {
  before: SignInPlace;
  after: SignInPlace;
  pin: string;
}

/** Whether somebody has to sign in, for the first time or since what was had has run out. */
export const needsSignIn = ({ endpoint, isSignedIn, state }: ToolServer): boolean =>
  endpoint.kind === 'http' && endpoint.signIn.kind === 'oauth' && (!isSignedIn || state === 'broken');

/** Leads to the authorisation server of a tool server; it sends people back to the page of its tools. */
export function ToolSignInButton({ server: { id, title } }: { server: ToolServer }) {
  const [change, setChange] = useState<Change | null>(null);
  const begin = useAct(
    (accept: string | null) =>
      post<{ url: string }>(`/tool-servers/${encodeURIComponent(id)}/sign-in`, accept === null ? undefined : { accept }),
    { onDone: ({ url }) => location.assign(url) },
  );
  const start = () =>
    begin.mutate(null, {
      onError: (error) => {
        const found = changeIn(error);
        if (found === null) toast(describeError(error), { tone: 'bad' });
        else setChange(found);
      },
    });
  return (
    <>
      <Button size="small" disabled={begin.isPending} aria-label={words.signInLabel(title)} onClick={start}>
        {words.signInNow}
      </Button>
      {change && (
        <Confirm
          title={words.elsewhereTitle}
          action={words.elsewhereAgree}
          onClose={() => setChange(null)}
          onConfirm={() => begin.mutateAsync(change.pin)}
        >
          <p>{words.elsewhereText(title)}</p>
          <PlaceLines title={words.before} place={change.before} />
          <PlaceLines title={words.after} place={change.after} />
        </Confirm>
      )}
    </>
  );
}

function PlaceLines({ title, place }: { title: string; place: SignInPlace }) {
  return (
    <section className="mt-4">
      <h3 className="font-medium text-text">{title}</h3>
      <ul className="mt-1 grid gap-1 text-note">
        {(['issuer', 'authorizationEndpoint', 'tokenEndpoint'] as const).map((part) => (
          <li key={part} className="wrap-anywhere">
            <ForeignLine value={place[part]} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function changeIn(error: unknown): Change | null {
  if (!isApiError(error, 'tool_server.changed') || typeof error.details.pin !== 'string') return null;
  // The API's description says so of a refusal that carries a pin.
  return error.details as unknown as Change;
}
