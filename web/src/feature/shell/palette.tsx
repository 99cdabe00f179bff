import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Command } from 'cmdk';
import {
  Bell,
  CircleQuestionMark,
  FolderClosed,
  Inbox,
  ListChecks,
  Moon,
  Search,
  Settings,
  ShieldCheck,
  Sun,
  UserRound,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { text } from '#text/common.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { ForeignLine } from '../../ui/foreign-text.tsx';
import { allOf, waitingQuery } from '../approval/queries.ts';
import { tasksQuery } from '../task/queries.ts';
import { setAppearance, type Theme } from './theme.ts';

const groupClass =
  '**:[[cmdk-group-heading]]:px-2 **:[[cmdk-group-heading]]:pt-2 **:[[cmdk-group-heading]]:pb-1 **:[[cmdk-group-heading]]:text-note **:[[cmdk-group-heading]]:text-muted';

/** Every place and command, found by typing. Loaded when first opened. */
export default function Palette({ onClose, onHelp }: { onClose: () => void; onHelp: () => void }) {
  const navigate = useNavigate();
  const waiting = allOf(useInfiniteQuery(waitingQuery).data).filter((item) => item.state === 'waiting');
  const tasks = useInfiniteQuery(tasksQuery([])).data?.pages[0]?.items ?? [];
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
            placeholder={text.palette.placeholder}
            className="h-12 flex-1 bg-transparent text-lead outline-none placeholder:text-muted touch:text-[1rem]"
          />
        </div>
        <Command.List className="max-h-80 min-h-0 overflow-y-auto p-2">
          <Command.Empty className="py-8 text-center text-muted">{text.palette.empty}</Command.Empty>
          <Command.Group heading={text.palette.go} className={groupClass}>
            <Item icon={<Inbox size={15} />} onSelect={run(() => navigate({ to: '/' }))}>
              {text.nav.inbox}
            </Item>
            <Item icon={<ListChecks size={15} />} onSelect={run(() => navigate({ to: '/tasks' }))}>
              {text.nav.tasks}
            </Item>
            <Item icon={<FolderClosed size={15} />} onSelect={run(() => navigate({ to: '/vault' }))}>
              {text.nav.vault}
            </Item>
            <Item icon={<ShieldCheck size={15} />} onSelect={run(() => navigate({ to: '/audit' }))}>
              {text.nav.audit}
            </Item>
            <Item icon={<Settings size={15} />} onSelect={run(() => navigate({ to: '/settings' }))}>
              {text.nav.settings}
            </Item>
            <Item icon={<Bell size={15} />} onSelect={run(() => navigate({ to: '/notices' }))}>
              {text.nav.notices}
            </Item>
            <Item icon={<UserRound size={15} />} onSelect={run(() => navigate({ to: '/account' }))}>
              {text.nav.yourAccount}
            </Item>
          </Command.Group>
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
          <Command.Group heading={text.palette.settings} className={groupClass}>
            {(['light', 'dark', 'system'] satisfies Theme[]).map((theme) => (
              <Item
                key={theme}
                icon={theme === 'dark' ? <Moon size={15} /> : <Sun size={15} />}
                onSelect={run(() => setAppearance({ theme }))}
              >
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
