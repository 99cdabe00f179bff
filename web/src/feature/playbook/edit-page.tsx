import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { playbooksText } from '#text/playbooks.ts';
import { Crumb } from '../../ui/crumb.tsx';
import { ErrorBox, Notice, Skeleton } from '../../ui/feedback.tsx';
import { ForeignLine } from '../../ui/foreign-text.tsx';
import { Page } from '../../ui/page.tsx';
import { Help } from '../help/help.tsx';
import { nameOf, noteQuery } from '../vault/queries.ts';
import { Editor } from './editor.tsx';
import { checkQuery, draftQuery } from './queries.ts';
import type { TemplateName } from './template-names.ts';
import { templates } from './templates.ts';

const words = playbooksText;
const route = getRouteApi('/playbooks/edit');

/** One playbook in its editor: as it is, or new, from a template or from what was done for a task. */
export default function EditPage() {
  const { path, template, task } = route.useSearch();
  const name = nameOf(path).replace(/\.md$/, '');
  return (
    <Page title={name} heading={<Crumb to="/playbooks" label={words.title} />} help={<Help topic="playbook" />} width="wide">
      <h1 className="mb-5 font-semibold text-title">
        <ForeignLine value={name} />
      </h1>
      {task !== undefined ? (
        <FromTask path={path} taskId={task} />
      ) : template !== undefined ? (
        <FromTemplate path={path} template={template} />
      ) : (
        <Existing path={path} />
      )}
    </Page>
  );
}

function Existing({ path }: { path: string }) {
  const note = useQuery({ ...noteQuery(path), refetchOnWindowFocus: false });
  if (note.error && !note.data) return <ErrorBox error={note.error} onRetry={note.refetch} />;
  if (note.data === undefined) return <Skeleton rows={6} />;
  if (note.data.kind === 'binary') return null;
  return <Editor path={path} start={note.data} />;
}

function FromTemplate({ path, template }: { path: string; template: TemplateName }) {
  const body = `# ${nameOf(path).replace(/\.md$/, '')}\n\n${words.templateBodies[template]}\n`;
  const made = useQuery(checkQuery({ path, text: body, fields: templates[template] }));
  if (made.error) return <ErrorBox error={made.error} onRetry={made.refetch} />;
  return made.data === undefined ? <Skeleton rows={6} /> : <Editor path={path} start={{ text: made.data.text, etag: null }} />;
}

function FromTask({ path, taskId }: { path: string; taskId: string }) {
  const draft = useQuery(draftQuery(taskId));
  const { title = '', fields = {}, remarks = [], playbook = null } = draft.data ?? {};
  const body = `# ${nameOf(path).replace(/\.md$/, '')}\n\n${words.fromTaskBody(title)}\n`;
  const made = useQuery({ ...checkQuery({ path, text: body, fields }), enabled: draft.data !== undefined });
  const failed = [draft, made].find(({ error }) => error);
  if (failed) return <ErrorBox error={failed.error} onRetry={failed.refetch} />;
  if (made.data === undefined) return <Skeleton rows={6} />;
  return (
    <>
      {(playbook !== null || remarks.length > 0) && (
        <Notice tone="warn" role="status">
          <p className="font-medium">{words.remarks.title}</p>
          <ul className="mt-1 list-disc pl-5">
            {playbook !== null && (
              <li>
                <ForeignLine value={words.remarks.playbook(playbook)} />
              </li>
            )}
            {remarks.map(({ kind, name }) => (
              <li key={`${kind} ${name}`}>
                <ForeignLine value={words.remarks[kind](name)} />
              </li>
            ))}
          </ul>
        </Notice>
      )}
      <Editor path={path} start={{ text: made.data.text, etag: null }} />
    </>
  );
}
