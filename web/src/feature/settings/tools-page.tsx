import { getRouteApi, Link } from '@tanstack/react-router';
import { Pause, Play, Trash2, Wrench } from 'lucide-react';
import { useState } from 'react';
import { toolsText } from '#text/tools.ts';
import { put } from '../../api/client.ts';
import { listQuery } from '../../api/list.ts';
import type { ToolServer } from '../../api/tools.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Notice } from '../../ui/feedback.tsx';
import { Row } from '../../ui/form/list-card.tsx';
import { Removal } from '../../ui/form/removal.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { RowMenu } from '../../ui/row-menu.tsx';
import { Time } from '../../ui/time.tsx';
import { ListPage } from './list-page.tsx';
import { ToolServerDialog } from './tool-server-dialog.tsx';
import { ToolServerTools } from './tool-server-tools.tsx';
import { needsSignIn, ToolSignInButton } from './tool-sign-in.tsx';
import { useMay } from './topics.tsx';

const words = toolsText;
const route = getRouteApi('/settings/tools');
const serversQuery = listQuery<ToolServer>('tool-servers', '/tool-servers');
const pathOf = ({ id }: ToolServer) => `/tool-servers/${encodeURIComponent(id)}`;

type Open = { is: 'new' } | { is: 'change' | 'remove'; server: ToolServer };

/** The tool servers that are plugged in, or the tools of the one in the address. */
export default function ToolsPage() {
  const { server } = route.useSearch();
  return server === undefined ? <ToolServers /> : <ToolServerTools key={server} id={server} />;
}

function ToolServers() {
  const { problem } = route.useSearch();
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const mayChange = useMay('connection:admin');
  return (
    <ListPage
      topic="tools"
      words={words}
      icon={Wrench}
      query={serversQuery}
      row={(server) => <ServerRow server={server} mayChange={mayChange} onOpen={(is) => setOpen({ is, server })} />}
      onNew={mayChange && (() => setOpen({ is: 'new' }))}
      notice={
        problem !== undefined && (
          <Notice tone="bad" role="alert">
            <p>{words.problem}</p>
            <p className="wrap-anywhere text-muted text-note">{words.problemCode(problem)}</p>
          </Notice>
        )
      }
    >
      {open?.is === 'new' && <ToolServerDialog onClose={close} />}
      {open?.is === 'change' && <ToolServerDialog server={open.server} onClose={close} />}
      {open?.is === 'remove' && (
        <Removal
          path={pathOf(open.server)}
          refresh={['tool-servers']}
          title={words.removeTitle(open.server.title)}
          action={words.remove}
          said={words.removed}
          onClose={close}
        >
          {words.removeText}
        </Removal>
      )}
    </ListPage>
  );
}

const tones: Record<ToolServer['state'], Tone> = { active: 'good', paused: 'neutral', broken: 'bad' };

interface ServerRowProps {
  server: ToolServer;
  mayChange: boolean;
  onOpen: (is: 'change' | 'remove') => void;
}

function ServerRow({ server, mayChange, onOpen }: ServerRowProps) {
  const { id, title, slug, state, endpoint, isSignedIn, fault, checkedAt, version } = server;
  const isPaused = state === 'paused';
  const toggle = useAct(() => put(pathOf(server), { state: isPaused ? 'active' : 'paused', version }), {
    refresh: ['tool-servers'],
    said: isPaused ? words.resumed : words.paused,
    toastsErrors: true,
  });
  const hasOauth = endpoint.kind === 'http' && endpoint.signIn.kind === 'oauth';
  return (
    <Row
      title={title}
      marks={<Badge tone={tones[state]}>{words.states[state]}</Badge>}
      note={
        <>
          <span className="font-mono">mcp.{slug}</span> · {endpoint.kind === 'http' ? endpoint.url : endpoint.program}
          {hasOauth && <> · {isSignedIn ? words.signedIn : words.notSignedIn}</>} ·{' '}
          {checkedAt ? (
            <>
              {words.looked} <Time at={checkedAt} />
            </>
          ) : (
            words.never
          )}
          {fault && <p className="mt-1 text-bad">{fault.message}</p>}
        </>
      }
      side={
        <>
          {mayChange && (
            <>
              <Button look="quiet" size="small" aria-label={words.changeLabel(title)} onClick={() => onOpen('change')}>
                {words.change}
              </Button>
              {needsSignIn(server) && <ToolSignInButton server={server} />}
            </>
          )}
          <Link to="/settings/tools" search={{ server: id }} aria-label={words.toolsLabel(title)} className={buttonClass('plain', 'small')}>
            {words.tools}
          </Link>
          {mayChange && (
            <RowMenu
              label={words.moreLabel(title)}
              acts={[
                isPaused
                  ? { icon: Play, label: words.resume, onSelect: () => toggle.mutate() }
                  : { icon: Pause, label: words.pause, onSelect: () => toggle.mutate() },
                { icon: Trash2, label: words.remove, onSelect: () => onOpen('remove') },
              ]}
            />
          )}
        </>
      }
    />
  );
}
