import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { settingsText } from '#text/settings.ts';
import { setupText as words } from '#text/setup.ts';
import { get } from '../../api/client.ts';
import type { ConnectorKind } from '../../api/connections.ts';
import type { Settings } from '../../api/tenancy.ts';
import type { Page } from '../../api/types.ts';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { Columns } from '../../ui/form/columns.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { linkClass } from '../../ui/link.ts';
import { ConnectionDialog } from '../settings/connection-dialog.tsx';
import { InviteDialog } from '../settings/invite-dialog.tsx';
import { invitationsQuery } from '../settings/queries.ts';
import { useMay } from '../settings/topics.tsx';
import { connectionHealthQuery } from '../status/queries.ts';

export interface Draft {
  title: string;
  locale: string;
  timeZone: string;
  planner: Settings['planner'];
}

/** What the questions begin with; where no time zone was ever chosen, that of the person who is asked. */
export const startOf = ({ title, locale, timeZone, planner }: Settings): Draft => ({
  ...{ title, locale, planner },
  timeZone: timeZone === 'UTC' ? Intl.DateTimeFormat().resolvedOptions().timeZone : timeZone,
});

export function AboutQuestion({ draft, onChange }: { draft: Draft; onChange: (part: Partial<Draft>) => void }) {
  const { languages } = settingsText.general;
  const locales = { ...languages, [draft.locale]: (languages as Record<string, string>)[draft.locale] ?? draft.locale };
  const zones = [...new Set([draft.timeZone, 'UTC', ...Intl.supportedValuesOf('timeZone')])];
  return (
    <>
      <TextField
        label={settingsText.general.name}
        required
        maxLength={100}
        value={draft.title}
        onChange={(event) => onChange({ title: event.target.value })}
      />
      <Columns>
        <SelectField
          label={settingsText.general.language}
          value={draft.locale}
          choices={Object.entries(locales).map(([value, label]) => ({ value, label }))}
          onChange={(event) => onChange({ locale: event.target.value })}
        />
        <SelectField
          label={settingsText.general.timeZone}
          value={draft.timeZone}
          choices={zones.map((zone) => ({ value: zone, label: zone.replaceAll('_', ' ') }))}
          onChange={(event) => onChange({ timeZone: event.target.value })}
        />
      </Columns>
    </>
  );
}

const kindsQuery = {
  queryKey: ['connectors'],
  queryFn: ({ signal }: { signal: AbortSignal }) => get<Page<ConnectorKind>>('/connectors', { signal }),
};

export function MailQuestion() {
  const [isOpen, setOpen] = useState(false);
  const mayRead = useMay('connection:read');
  const mayConnect = useMay('connection:admin');
  const kinds = useQuery({ ...kindsQuery, enabled: mayRead }).data?.items;
  const connections = useQuery({ ...connectionHealthQuery, enabled: mayRead }).data?.items.length ?? 0;
  const mail = kinds?.find(({ kind }) => kind === 'mail' || kind === 'imap');
  if (!mayConnect) return <p>{words.mail.notYours}</p>;
  return (
    <>
      {mail && <Button onClick={() => setOpen(true)}>{words.mail.connect}</Button>}
      {kinds && !mail && <p>{words.mail.noKind}</p>}
      {connections > 0 && <p className="mt-3 text-good">{words.mail.have(connections)}</p>}
      {isOpen && mail && <ConnectionDialog kind={mail} onClose={() => setOpen(false)} />}
    </>
  );
}

interface ModelQuestionProps {
  settings: Settings;
  planner: Settings['planner'];
  onChange: (planner: Settings['planner']) => void;
}

export function ModelQuestion({ settings, planner, onChange }: ModelQuestionProps) {
  const choices: { value: Settings['planner']; label: string }[] = [
    ...settings.models.map((name) => ({ value: 'model' as const, label: words.model.installation(name) })),
    { value: 'playbooks', label: words.model.none },
  ];
  const chosen = settings.models.length === 0 ? 'playbooks' : planner;
  return (
    <>
      <fieldset className="space-y-2">
        <legend className="sr-only">{words.model.question}</legend>
        {choices.map(({ value, label }) => (
          <label key={label} className="flex min-h-11 items-center gap-3 rounded-card border border-line bg-panel px-4 py-2">
            <input
              type="radio"
              name="planner"
              checked={chosen === value}
              onChange={() => onChange(value)}
              className="size-4 accent-accent"
            />
            {label}
          </label>
        ))}
      </fieldset>
      <p className="mt-4 text-muted">
        {words.model.ownText}{' '}
        <Link to="/settings/model" className={linkClass}>
          {words.model.own}
        </Link>
      </p>
    </>
  );
}

export function PeopleQuestion() {
  const [isOpen, setOpen] = useState(false);
  const mayInvite = useMay('member:admin');
  const invitations = useInfiniteQuery({ ...invitationsQuery, enabled: mayInvite }).data?.pages.flatMap((page) => page.items).length ?? 0;
  return (
    <>
      {mayInvite && <Button onClick={() => setOpen(true)}>{words.people.invite}</Button>}
      {invitations > 0 && <p className="mt-3 text-good">{words.people.invited(invitations)}</p>}
      {isOpen && <InviteDialog onClose={() => setOpen(false)} />}
    </>
  );
}
