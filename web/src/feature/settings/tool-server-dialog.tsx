import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { toolsText } from '#text/tools.ts';
import { get, post, put } from '../../api/client.ts';
import type { ToolEndpoint, ToolProgram, ToolServer } from '../../api/tools.ts';
import type { Page } from '../../api/types.ts';
import { TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { SignInFields } from './tool-sign-in-fields.tsx';

const words = toolsText;
const programsQuery = {
  queryKey: ['tool-programs'],
  queryFn: ({ signal }: { signal: AbortSignal }) => get<Page<ToolProgram>>('/tool-programs', { signal }),
};
const newEndpoint: ToolEndpoint = { kind: 'http', url: 'https://', signIn: { kind: 'none' } };

/** Plugs a tool server in, or changes where it is and how it knows us. */
export function ToolServerDialog({ server, onClose }: { server?: ToolServer; onClose: () => void }) {
  const [draft, setDraft] = useState({ slug: '', title: server?.title ?? '', endpoint: server?.endpoint ?? newEndpoint });
  const set = (part: Partial<typeof draft>) => setDraft({ ...draft, ...part });
  const { slug, title, endpoint } = draft;
  const save = useAct(
    () => {
      if (server === undefined) return post('/tool-servers', { slug, title, endpoint });
      const isMoved = endpoint !== server.endpoint;
      return put(`/tool-servers/${encodeURIComponent(server.id)}`, { title, ...(isMoved && { endpoint }), version: server.version });
    },
    { refresh: ['tool-servers'], said: server ? words.saved : words.plugged, onDone: onClose },
  );
  return (
    <FormDialog
      title={server ? words.changeTitle(server.title) : words.newTitle}
      action={server ? words.save : words.plug}
      isDisabled={endpoint.kind === 'program' && endpoint.program === ''}
      onClose={onClose}
      onSubmit={() => save.mutateAsync()}
    >
      <TextField
        label={words.title}
        help={words.titleHelp}
        required
        maxLength={100}
        autoFocus
        value={title}
        onChange={(event) => set({ title: event.target.value })}
      />
      {server === undefined && (
        <TextField
          label={words.slug}
          help={words.slugHelp}
          required
          pattern="[a-z][a-z0-9\-]{0,23}"
          maxLength={24}
          spellCheck={false}
          value={slug}
          onChange={(event) => set({ slug: event.target.value })}
        />
      )}
      <SelectField
        label={words.where}
        value={endpoint.kind}
        choices={(['http', 'program'] as const).map((value) => ({ value, label: words.wheres[value] }))}
        onChange={(event) => set({ endpoint: event.target.value === 'http' ? newEndpoint : { kind: 'program', program: '', env: {} } })}
      />
      {endpoint.kind === 'http' ? (
        <>
          <TextField
            label={words.url}
            help={words.urlHelp}
            type="url"
            required
            maxLength={500}
            spellCheck={false}
            value={endpoint.url}
            onChange={(event) => set({ endpoint: { ...endpoint, url: event.target.value } })}
          />
          <SignInFields value={endpoint.signIn} onChange={(signIn) => set({ endpoint: { ...endpoint, signIn } })} />
        </>
      ) : (
        <ProgramFields value={endpoint} onChange={(next) => set({ endpoint: next })} />
      )}
    </FormDialog>
  );
}

type ProgramEndpoint = Extract<ToolEndpoint, { kind: 'program' }>;

function ProgramFields({ value, onChange }: { value: ProgramEndpoint; onChange: (value: ProgramEndpoint) => void }) {
  const programs = useQuery(programsQuery).data?.items ?? [];
  const chosen = programs.find(({ id }) => id === value.program);
  const fill = (name: string, reference: string) => {
    const { [name]: _, ...others } = value.env;
    onChange({ ...value, env: reference === '' ? others : { ...others, [name]: reference } });
  };
  return (
    <>
      <SelectField
        label={words.program}
        help={programs.length === 0 ? words.noPrograms : chosen && words.confinements[chosen.confinement]}
        value={value.program}
        choices={[{ value: '', label: '' }, ...programs.map(({ id, title }) => ({ value: id, label: title }))]}
        onChange={(event) => onChange({ kind: 'program', program: event.target.value, env: {} })}
      />
      {chosen?.env.map((name) => (
        <TextField
          key={name}
          label={<span className="font-mono">{name}</span>}
          help={words.reference}
          pattern="secret://.+"
          spellCheck={false}
          value={value.env[name] ?? ''}
          onChange={(event) => fill(name, event.target.value)}
        />
      ))}
    </>
  );
}
