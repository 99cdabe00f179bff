import { queryOptions, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { protectionText } from '#text/protection.ts';
import { settingsText } from '#text/settings.ts';
import { get, post, put } from '../../api/client.ts';
import { listQuery } from '../../api/list.ts';
import type { ModelProbe, ModelSetting, OwnModel, SecretItem } from '../../api/protection.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorBox, Notice, Skeleton } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';
import { Block } from '../../ui/form/block.tsx';
import { SaveForm } from '../../ui/form/save-form.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { useDraft } from '../../ui/form/use-draft.ts';
import { TopicPage } from './topic-page.tsx';
import { useMay } from './topics.tsx';

const words = protectionText.model;
const modelQuery = queryOptions({ queryKey: ['model'], queryFn: ({ signal }) => get<ModelSetting>('/model', { signal }) });
const secretsQuery = listQuery<SecretItem>('secrets', '/secrets');

/** Which model plans for this tenant: the installation's, or one of its own under its own key. */
export default function ModelPage() {
  const model = useQuery(modelQuery);
  return (
    <TopicPage topic="model" intro={words.intro}>
      {model.error && <ErrorBox error={model.error} onRetry={model.refetch} />}
      {model.isPending && <Skeleton rows={3} />}
      {model.data && <ModelForm key={model.data.version} setting={model.data} />}
    </TopicPage>
  );
}

/** What is typed. The key is a reference, none, or a new one that becomes a secret when the form is saved. */
interface Draft {
  source: 'installation' | 'own';
  provider: OwnModel['provider'];
  name: string;
  url: string;
  key: string;
  newKey: string;
}
const noKey = '';
const newKey = 'new';
/** Where a key that is typed here is kept. */
const keySecret = 'model-key';

function ModelForm({ setting }: { setting: ModelSetting }) {
  const { draft, set, isChanged, reset } = useDraft<Draft>({
    source: setting.own === null ? 'installation' : 'own',
    provider: setting.own?.provider ?? 'openai-compatible',
    name: setting.own?.name ?? '',
    url: setting.own?.url ?? '',
    key: setting.own?.key ?? noKey,
    newKey: '',
  });
  const mayWrite = useMay('settings:write');
  const save = useAct(async () => put('/model', { own: await ownOf(draft), version: setting.version }), {
    refresh: ['model', 'secrets', 'me'],
    said: settingsText.saved,
    onDone: reset,
  });
  return (
    <SaveForm
      isChanged={isChanged}
      isBusy={save.isPending}
      error={save.error}
      onSave={() => save.mutate()}
      onReset={reset}
      isReadOnly={!mayWrite}
    >
      <Block title={words.planning} note={words.inForce[setting.inForce]}>
        <SelectField
          label={words.which}
          value={draft.source}
          choices={(['installation', 'own'] as const).map((value) => ({ value, label: words.choices[value] }))}
          onChange={(event) => set({ source: event.target.value === 'own' ? 'own' : 'installation' })}
        />
        {draft.source === 'installation' && !setting.installation.maySpend && <p className="text-muted">{words.mayNot}</p>}
        {draft.source === 'own' && <OwnFields draft={draft} set={set} />}
        {draft.source === 'own' && mayWrite && draft.key !== newKey && <Probe draft={draft} />}
      </Block>
    </SaveForm>
  );
}

function OwnFields({ draft, set }: { draft: Draft; set: (part: Partial<Draft>) => void }) {
  const isAnthropic = draft.provider === 'anthropic';
  return (
    <div className="border-line border-l-2 pl-4">
      <SelectField
        label={words.provider}
        value={draft.provider}
        choices={(['openai-compatible', 'anthropic'] as const).map((value) => ({ value, label: words.providers[value] }))}
        onChange={(event) => set({ provider: event.target.value === 'anthropic' ? 'anthropic' : 'openai-compatible' })}
      />
      <TextField
        label={words.name}
        required
        maxLength={200}
        spellCheck={false}
        value={draft.name}
        onChange={(event) => set({ name: event.target.value })}
      />
      <TextField
        label={words.url}
        help={isAnthropic ? words.urlOptional : words.urlHelp}
        type="url"
        required={!isAnthropic}
        maxLength={500}
        value={draft.url}
        onChange={(event) => set({ url: event.target.value })}
      />
      <KeyChoice draft={draft} set={set} />
    </div>
  );
}

/** One of the secrets that there are, none, or a new one. Who may not see secrets keeps what is set. */
function KeyChoice({ draft, set }: { draft: Draft; set: (part: Partial<Draft>) => void }) {
  const mayRead = useMay('secret:read');
  const mayStore = useMay('secret:admin');
  const secrets = useInfiniteQuery({ ...secretsQuery, enabled: mayRead }).data?.pages.flatMap((page) => page.items) ?? [];
  const references = [
    ...new Set([...secrets.map(({ name }) => `secret://db/${name}`), ...(draft.key.startsWith('secret:') ? [draft.key] : [])]),
  ];
  return (
    <>
      <SelectField
        label={words.key}
        help={words.keyHelp}
        value={draft.key}
        choices={[
          { value: noKey, label: words.keyChoices.none },
          ...references.map((value) => ({ value, label: value })),
          ...(mayStore ? [{ value: newKey, label: words.keyChoices.new }] : []),
        ]}
        onChange={(event) => set({ key: event.target.value })}
      />
      {draft.key === newKey && (
        <TextField
          label={words.newKey}
          type="password"
          required
          autoComplete="off"
          value={draft.newKey}
          onChange={(event) => set({ newKey: event.target.value })}
        />
      )}
    </>
  );
}

function Probe({ draft }: { draft: Draft }) {
  const probe = useAct(async () => post<ModelProbe>('/model/test', { own: await ownOf(draft) }));
  return (
    <div className="mt-4">
      <Button disabled={probe.isPending || draft.name === ''} onClick={() => probe.mutate()}>
        {probe.isPending ? words.testing : words.test}
      </Button>
      {probe.error && (
        <div className="mt-3">
          <ErrorBox error={probe.error} />
        </div>
      )}
      {probe.data && (
        <div className="mt-3">
          <Notice tone={probe.data.ok ? 'good' : 'bad'} role="status">
            {probe.data.ok ? words.works((probe.data.latencyMs / 1000).toFixed(1)) : probe.data.message}
          </Notice>
        </div>
      )}
    </div>
  );
}

/** What is sent: a key that was typed is stored as a secret first, and only its reference goes with the model. */
async function ownOf({ source, provider, name, url, key, newKey: value }: Draft): Promise<OwnModel | null> {
  if (source === 'installation') return null;
  const reference = key === newKey ? await storeKey(value) : key || null;
  return { provider, name, url: url || null, key: reference };
}

async function storeKey(value: string): Promise<string> {
  const name = `${keySecret}-${Date.now().toString(36)}`;
  await post('/secrets', { name, value });
  return `secret://db/${name}`;
}
