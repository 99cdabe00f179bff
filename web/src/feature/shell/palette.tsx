import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Command } from 'cmdk';
import {
  Bell,
  BookOpen,
  BrainCircuit,
  CircleQuestionMark,
  ListTodo,
  Moon,
  Plug,
  Search,
  Sun,
  Upload,
  UserPlus,
  UserRound,
} from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { paletteText } from '#text/palette.ts';
import { settingsText } from '#text/settings.ts';
import { text } from '#text/work.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { ForeignLine } from '../../ui/foreign-text.tsx';
import { allOf, waitingQuery } from '../approval/queries.ts';
import { useSignedIn } from '../session/session.ts';
import { useTopics } from '../settings/topics.tsx';
import { tasksQuery } from '../task/queries.ts';
import { usePlaces } from './navigation.tsx';
import { usePaletteSearch } from './palette-search.ts';
import type { Theme } from './theme.ts';
import { useLook } from './use-look.ts';

const groupClass =
  '**:[[cmdk-group-heading]]:px-2 **:[[cmdk-group-heading]]:pt-2 **:[[cmdk-group-heading]]:pb-1 **:[[cmdk-group-heading]]:text-note **:[[cmdk-group-heading]]:text-muted';

/** What can be begun from anywhere, by whoever may. */
const actions = [
  { to: '/send', label: paletteText.sendFiles, icon: <Upload size={15} />, permission: 'event:write' },
  { to: '/settings/connections', label: paletteText.connect, icon: <Plug size={15} />, permission: 'connection:admin' },
  { to: '/settings/members', label: paletteText.invite, icon: <UserPlus size={15} />, permission: 'member:admin' },
  { to: '/settings/model', label: paletteText.connectModel, icon: <BrainCircuit size={15} />, permission: 'settings:write' },
  { to: '/setup', label: paletteText.setUp, icon: <ListTodo size={15} />, permission: 'settings:write' },
] as const;

/** Every place and command, found by typing. Loaded when first opened. */
export default function Palette({ onClose, onHelp }: { onClose: () => void; onHelp: () => void }) {
  const navigate = useNavigate();
  const waiting = allOf(useInfiniteQuery(waitingQuery).data).filter((item) => item.state === 'waiting');
  const tasks = useInfiniteQuery(tasksQuery([])).data?.pages[0]?.items ?? [];
  const { permissions } = useSignedIn();
  const places = usePlaces();
  const topics = useTopics();
  const [typed, setTyped] = useState('');
  const found = usePaletteSearch(typed);
  const look = useLook();
  const run = (action: () => unknown) => () => {
    onClose();
    void action();
  };
  return (
    <Dialog isOpen onClose={onClose} title={text.palette.title} hideTitle>
      <Command label={text.palette.title} loop className="flex min-h-0 flex-col">
        <div className="flex items-center gap-2 border-line border-b px-4">
          <Search size={15} aria-hidden="true" className="text-muted" />
          <Command.Input
            autoFocus
            value={typed}
            onValueChange={setTyped}
            placeholder={text.palette.placeholder}
            className="h-12 flex-1 bg-transparent text-lead outline-none placeholder:text-muted touch:text-[1rem]"
          />
        </div>
        <Command.List className="max-h-80 min-h-0 overflow-y-auto p-2">
          <Command.Empty className="py-8 text-center text-muted">{text.palette.empty}</Command.Empty>
          <Command.Group heading={text.palette.go} className={groupClass}>
            {places.map(({ to, label, icon }) => (
              <Item key={to} icon={icon(15)} onSelect={run(() => navigate({ to }))}>
                {label}
              </Item>
            ))}
            <Item icon={<Bell size={15} />} onSelect={run(() => navigate({ to: '/notices' }))}>
              {text.nav.notices}
            </Item>
            <Item icon={<UserRound size={15} />} onSelect={run(() => navigate({ to: '/account' }))}>
              {text.nav.yourAccount}
            </Item>
            <Item icon={<BookOpen size={15} />} onSelect={run(() => navigate({ to: '/help' }))}>
              {text.nav.help}
            </Item>
          </Command.Group>
          <Command.Group heading={paletteText.do} className={groupClass}>
            {actions
              .filter(({ permission }) => permissions.includes(permission))
              .map(({ to, label, icon }) => (
                <Item key={to} icon={icon} onSelect={run(() => navigate({ to }))}>
                  {label}
                </Item>
              ))}
          </Command.Group>
          {found.tasks.length > 0 && (
            <Command.Group heading={paletteText.tasks} className={groupClass}>
              {found.tasks.map(({ id, title }) => (
                <Item
                  key={id}
                  id={`found ${id}`}
                  also={typed}
                  onSelect={run(() => navigate({ to: '/tasks/$taskId', params: { taskId: id } }))}
                >
                  {title}
                </Item>
              ))}
            </Command.Group>
          )}
          {found.notes.length > 0 && (
            <Command.Group heading={paletteText.notes} className={groupClass}>
              {found.notes.map(({ id, title, path }) => (
                <Item key={id} id={id} also={typed} onSelect={run(() => navigate({ to: '/vault/note', search: { path } }))}>
                  {title || path}
                </Item>
              ))}
            </Command.Group>
          )}
          {waiting.length > 0 && (
            <Command.Group heading={text.palette.waiting} className={groupClass}>
              {waiting.slice(0, 20).map(({ id, headline }) => (
                <Item key={id} id={id} onSelect={run(() => navigate({ to: '/approvals/$approvalId', params: { approvalId: id } }))}>
                  {headline}
                </Item>
              ))}
            </Command.Group>
          )}
          {tasks.length > 0 && (
            <Command.Group heading={text.palette.recent} className={groupClass}>
              {tasks.slice(0, 30).map(({ id, title, from }) => (
                <Item key={id} id={id} also={from} onSelect={run(() => navigate({ to: '/tasks/$taskId', params: { taskId: id } }))}>
                  {title}
                </Item>
              ))}
            </Command.Group>
          )}
          <Command.Group heading={paletteText.topics} className={groupClass}>
            {topics.map(({ path, icon }) => (
              <Item key={path} icon={icon} onSelect={run(() => navigate({ to: `/settings/${path}` }))}>
                {settingsText.topics[path].title}
              </Item>
            ))}
          </Command.Group>
          <Command.Group heading={text.palette.settings} className={groupClass}>
            {(['light', 'dark', 'system'] satisfies Theme[]).map((theme) => (
              <Item key={theme} icon={theme === 'dark' ? <Moon size={15} /> : <Sun size={15} />} onSelect={run(() => look({ theme }))}>
                {text.palette.theme(text.nav.themes[theme])}
              </Item>
            ))}
            <Item icon={<CircleQuestionMark size={15} />} onSelect={run(onHelp)}>
              {text.nav.keyboard}
            </Item>
          </Command.Group>
        </Command.List>
      </Command>
    </Dialog>
  );
}

interface ItemProps {
  id?: string;
  icon?: ReactNode;
  also?: string | null;
  onSelect: () => void;
  children: string;
}

function Item({ id, icon, also, onSelect, children }: ItemProps) {
  return (
    <Command.Item
      value={`${children} ${id ?? ''}`}
      {...(also && { keywords: [also] })}
      onSelect={onSelect}
      className="flex h-9 cursor-pointer items-center gap-2.5 rounded-control px-2 data-[selected=true]:bg-hover touch:h-11"
    >
      {icon && <span className="text-muted">{icon}</span>}
      <span className="truncate">
        <ForeignLine value={children} />
      </span>
    </Command.Item>
  );
}
