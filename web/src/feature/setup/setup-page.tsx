import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CircleCheck } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { setupText as words } from '#text/setup.ts';
import { put } from '../../api/client.ts';
import type { Settings } from '../../api/tenancy.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { FormError } from '../../ui/form/form-error.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Page } from '../../ui/page.tsx';
import { settingsQuery } from '../settings/queries.ts';
import { AboutQuestion, MailQuestion, ModelQuestion, PeopleQuestion, startOf } from './questions.tsx';
import { type Question, questions, type SetupStep, stepAfter, stepBefore } from './steps.ts';

/** The set-up: one question a screen. Where somebody stopped is kept for the tenant, so anybody who may goes on from there. */
export default function SetupPage() {
  const settings = useQuery(settingsQuery);
  return (
    <Page title={words.title} heading={<p className="font-semibold text-muted xl:pl-32">{words.title}</p>}>
      {settings.error && !settings.data && <ErrorBox error={settings.error} onRetry={settings.refetch} />}
      {settings.isPending && <Skeleton rows={4} />}
      {settings.data && <Setup settings={settings.data} />}
    </Page>
  );
}

function Setup({ settings }: { settings: Settings }) {
  const client = useQueryClient();
  const [step, setStep] = useState<SetupStep>(settings.setup === 'done' ? 'about' : settings.setup);
  const [draft, setDraft] = useState(() => startOf(settings));
  const set = (part: Partial<typeof draft>) => setDraft({ ...draft, ...part });
  const go = useAct(
    async ({ to, changes }: { to: SetupStep; changes: Partial<Settings> }) => {
      client.setQueryData(settingsQuery.queryKey, await put<Settings>('/settings', { ...changes, setup: to }));
      setStep(to);
    },
    { refresh: ['settings', 'me'] },
  );
  if (step === 'done') return <Done />;
  const changes = { about: { title: draft.title, locale: draft.locale, timeZone: draft.timeZone }, model: { planner: draft.planner } };
  const answer = () => go.mutate({ to: stepAfter(step), changes: step === 'about' || step === 'model' ? changes[step] : {} });
  const before = stepBefore(step);
  return (
    <form
      className="mx-auto max-w-xl"
      onSubmit={(event) => {
        event.preventDefault();
        answer();
      }}
    >
      <Place step={step} />
      <Heading key={step}>{words[step].question}</Heading>
      <p className="mb-6 text-muted">{words[step].text}</p>
      {step === 'about' && <AboutQuestion draft={draft} onChange={set} />}
      {step === 'mail' && <MailQuestion />}
      {step === 'model' && <ModelQuestion settings={settings} planner={draft.planner} onChange={(planner) => set({ planner })} />}
      {step === 'people' && <PeopleQuestion />}
      <FormError error={go.error} />
      <div className="mt-8 flex flex-wrap items-center gap-2">
        {before && (
          <Button look="quiet" disabled={go.isPending} onClick={() => setStep(before)}>
            {words.back}
          </Button>
        )}
        <span className="flex-1" />
        <Button look="quiet" disabled={go.isPending} onClick={() => go.mutate({ to: stepAfter(step), changes: {} })}>
          {words.skip}
        </Button>
        <Button type="submit" look="primary" disabled={go.isPending}>
          {words.next}
        </Button>
      </div>
    </form>
  );
}

/** Where in the set-up this is, in words and as dots. */
function Place({ step }: { step: Question }) {
  const at = questions.indexOf(step);
  return (
    <p className="mb-3 flex items-center gap-3 text-muted text-note">
      {words.place(at + 1, questions.length)}
      <span aria-hidden="true" className="flex gap-1.5">
        {questions.map((question, place) => (
          <span key={question} className={cx('size-1.5 rounded-full', place <= at ? 'bg-accent' : 'bg-field/40')} />
        ))}
      </span>
    </p>
  );
}

/** The question itself; it takes the focus, so that a screen reader begins with it. */
function Heading({ children }: { children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <h1 ref={heading} tabIndex={-1} className="mb-2 text-balance font-semibold text-2xl outline-none">
      {children}
    </h1>
  );
}

function Done() {
  return (
    <div className="mx-auto max-w-xl">
      <CircleCheck size={28} aria-hidden="true" className="mb-3 text-good" />
      <Heading>{words.done.question}</Heading>
      <p className="mb-6 text-muted">{words.done.text}</p>
      <div className="flex flex-wrap gap-2">
        <Link to="/" className={buttonClass('primary')}>
          {words.done.inbox}
        </Link>
        <Link to="/send" className={buttonClass()}>
          {words.done.send}
        </Link>
      </div>
    </div>
  );
}
