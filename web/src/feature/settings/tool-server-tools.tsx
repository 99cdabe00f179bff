import { useQuery } from '@tanstack/react-query';
import { Wrench } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { toolsText } from '#text/tools.ts';
import { get, post } from '../../api/client.ts';
import { listQuery } from '../../api/list.ts';
import type { Look, PluggedTool, ToolServer } from '../../api/tools.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { describeError, Empty, ErrorBox, Notice, Skeleton } from '../../ui/feedback.tsx';
import { ForeignLine } from '../../ui/foreign-text.tsx';
import { Block } from '../../ui/form/block.tsx';
import { ListCard, Row } from '../../ui/form/list-card.tsx';
import { Removal } from '../../ui/form/removal.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Time } from '../../ui/time.tsx';
import { ToolDialog } from './tool-dialog.tsx';
import { needsSignIn, ToolSignInButton } from './tool-sign-in.tsx';
import { TopicPage } from './topic-page.tsx';
import { useMay } from './topics.tsx';

const words = toolsText;

type Open = { is: 'confirm' | 'withdraw'; tool: PluggedTool };

/** What one tool server offers, and what somebody here has said of it. */
export function ToolServerTools({ id }: { id: string }) {
  const path = `/tool-servers/${encodeURIComponent(id)}`;
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const mayChange = useMay('connection:admin');
  const server = useQuery({ queryKey: ['tool-servers', id], queryFn: ({ signal }) => get<ToolServer>(path, { signal }) });
  if (server.error)
    return (
      <Framed>
        <ErrorBox error={server.error} onRetry={server.refetch} />
      </Framed>
    );
  if (!server.data)
    return (
      <Framed>
        <Skeleton />
      </Framed>
    );
  const { title, endpoint, isSignedIn, checkedAt, fault, lastWords } = server.data;
  const hasOauth = endpoint.kind === 'http' && endpoint.signIn.kind === 'oauth';
  return (
    <TopicPage
      topic="tools"
      title={title}
      side={
        needsSignIn(server.data)
          ? mayChange && <ToolSignInButton server={server.data} />
          : hasOauth && <Badge tone="good">{words.signedIn}</Badge>
      }
    >
      {hasOauth && isSignedIn && checkedAt === null && (
        <Notice tone="good" role="status">
          {words.arrived(title)}
        </Notice>
      )}
      {fault && <Notice tone="bad">{fault.message}</Notice>}
      {lastWords && (
        <Block title={words.lastWords} note={words.lastWordsText}>
          <ol className="font-mono text-note">
            {lastWords.lines.map((line, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name than their place
              <li key={at}>
                <ForeignLine value={line} />
              </li>
            ))}
          </ol>
        </Block>
      )}
      {mayChange && <LookLine path={path} />}
      <ListCard
        query={listQuery<PluggedTool>('server-tools', `${path}/tools`)}
        keyOf={({ tool }) => tool}
        empty={
          <Empty icon={<Wrench size={18} aria-hidden="true" />} title={words.noTools}>
            {words.noToolsText}
          </Empty>
        }
      >
        {(tool) => <ToolRow tool={tool} mayChange={mayChange} onOpen={(is) => setOpen({ is, tool })} />}
      </ListCard>
      {open?.is === 'confirm' && <ToolDialog path={path} tool={open.tool} onClose={close} />}
      {open?.is === 'withdraw' && (
        <Removal
          path={`${path}/tools/${encodeURIComponent(open.tool.tool)}/confirmation`}
          refresh={['server-tools']}
          title={words.withdrawTitle(open.tool.name)}
          action={words.withdraw}
          said={words.withdrawn}
          onClose={close}
        >
          {words.withdrawText}
        </Removal>
      )}
    </TopicPage>
  );
}

function Framed({ children }: { children: ReactNode }) {
  return (
    <TopicPage topic="tools" title={words.tools}>
      {children}
    </TopicPage>
  );
}

function LookLine({ path }: { path: string }) {
  const look = useAct(() => post<Look>(`${path}/look`), { refresh: ['tool-servers', 'server-tools'] });
  const fault = look.error ? describeError(look.error) : look.data?.ok === false ? look.data.fault.message : null;
  const found = look.data?.ok === true ? look.data : null;
  return (
    <div className="mb-4 flex flex-wrap items-center gap-3">
      <Button disabled={look.isPending} onClick={() => look.mutate()}>
        {look.isPending ? words.looking : words.look}
      </Button>
      <p role="status" className={fault === null ? 'text-muted' : 'wrap-anywhere text-bad'}>
        {fault ?? (found && words.found(found.offered, found.proposed.length, found.quarantined.length))}
      </p>
    </div>
  );
}

const tones: Record<PluggedTool['state'], Tone> = { proposed: 'neutral', confirmed: 'good', quarantined: 'bad' };

interface ToolRowProps {
  tool: PluggedTool;
  mayChange: boolean;
  onOpen: (is: Open['is']) => void;
}

function ToolRow({ tool, mayChange, onOpen }: ToolRowProps) {
  const { name, state, offered, unusable, manifest, confirmedAt } = tool;
  const isKnown = state !== 'proposed';
  return (
    <Row
      title={isKnown ? manifest.title : <ForeignLine value={name} />}
      marks={<Badge tone={tones[state]}>{unusable !== null && state === 'proposed' ? words.unusable : words.toolStates[state]}</Badge>}
      note={
        <>
          <span className="font-mono">
            <ForeignLine value={tool.tool} />
          </span>
          {isKnown && <> · {words.effects[manifest.effect]}</>}
          {confirmedAt && (
            <>
              {' '}
              · {words.confirmedBy} <Time at={confirmedAt} />
            </>
          )}
          {unusable && <p className="mt-1 text-bad">{unusable}</p>}
          {offered === null && <p className="mt-1 text-bad">{words.gone}</p>}
        </>
      }
      side={
        mayChange && (
          <>
            {isKnown && (
              <Button look="quiet" size="small" aria-label={words.withdrawLabel(name)} onClick={() => onOpen('withdraw')}>
                {words.withdraw}
              </Button>
            )}
            {offered !== null && unusable === null && (
              <Button
                size="small"
                aria-label={state === 'confirmed' ? words.confirmChangeLabel(name) : words.confirmLabel(name)}
                onClick={() => onOpen('confirm')}
              >
                {state === 'confirmed' ? words.change : words.confirm}
              </Button>
            )}
          </>
        )
      }
    />
  );
}
