import { Popover } from '@base-ui/react/popover';
import { Link } from '@tanstack/react-router';
import { ArrowRight } from 'lucide-react';
import { useRef } from 'react';
import { helpText as words } from '#text/help.ts';
import type { PopupProps } from '../../ui/later-popup.tsx';
import { linkClass } from '../../ui/link.ts';
import type { HelpTopic } from './help.tsx';
import type { DocPage } from './pages.ts';

/** Where more of it is written. */
const more: Partial<Record<HelpTopic, DocPage>> = {
  inbox: 'approvals',
  approval: 'approvals',
  task: 'audit',
  send: 'documents',
  vault: 'vault',
  note: 'vault',
  playbook: 'playbooks',
  playbooks: 'playbooks',
  money: 'bank',
  agenda: 'calendar',
  analytics: 'analytics',
  audit: 'audit',
  notices: 'notices',
  account: 'people',
  noticeRules: 'notices',
  operator: 'tenants',
  tenant: 'tenants',
  registrations: 'tenants',
  volume: 'quotas',
  jobs: 'archive',
  backups: 'backups',
  policies: 'policies',
  grants: 'policies',
  changes: 'policies',
  model: 'models',
  connections: 'connectors',
  schedules: 'schedules',
  webhooks: 'webhooks',
  tools: 'mcp',
  members: 'members',
  roles: 'members',
  teams: 'members',
  keys: 'machines',
  sso: 'sso',
  provisioning: 'scim',
  security: 'people',
  encryption: 'encryption',
  usage: 'quotas',
  closing: 'archive',
};

/** What a page is for, in two or three sentences. Loaded when somebody asks. */
export default function About({ topic, label, face, className, opensAtOnce }: PopupProps & { topic: HelpTopic }) {
  // Opened inside the landmark that holds the button, not at the end of the page.
  const place = useRef<HTMLSpanElement>(null);
  const page = more[topic];
  return (
    <Popover.Root defaultOpen={opensAtOnce}>
      <Popover.Trigger aria-label={label} className={className}>
        {face}
      </Popover.Trigger>
      <span ref={place} className="absolute" />
      <Popover.Portal container={place}>
        <Popover.Positioner sideOffset={6} align="start" collisionPadding={12} className="z-50">
          <Popover.Popup
            aria-label={label}
            className="w-80 max-w-[calc(100vw-1.5rem)] rounded-popup bg-panel p-3 shadow-float outline-none transition-opacity duration-100 data-ending-style:opacity-0 data-starting-style:opacity-0"
          >
            <Popover.Description className="text-body leading-5">{words.topics[topic]}</Popover.Description>
            {page !== undefined && (
              <Link to="/help/$page" params={{ page }} className={`mt-2 gap-1 touch:min-h-11 ${linkClass}`}>
                {words.read}
                <ArrowRight size={13} aria-hidden="true" />
              </Link>
            )}
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}
