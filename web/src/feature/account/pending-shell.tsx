import { Outlet } from '@tanstack/react-router';
import { peopleText } from '#text/people.ts';
import { text } from '#text/work.ts';
import { Notice } from '../../ui/feedback.tsx';
import { Mark } from '../../ui/mark.tsx';
import { usePerson } from '../session/session.ts';
import { AccountMenu } from '../shell/account-menu.tsx';

const words = peopleText.account;

/** The frame for somebody whose tenant asks for a second factor that they do not have yet: the account, and why. */
export default function PendingShell() {
  const { tenant } = usePerson();
  return (
    <>
      <header className="flex h-12 items-center gap-2 border-line border-b bg-bg px-4">
        <Mark size={20} />
        <span className="min-w-0 flex-1 truncate font-semibold">{tenant?.name ?? text.product}</span>
        <AccountMenu />
      </header>
      <main id="content">
        <div className="mx-auto max-w-4xl px-4 pt-5 sm:px-8">
          <Notice tone="warn" role="status">
            <p className="font-medium">{words.pendingTitle}</p>
            <p>{words.pendingText(tenant?.name ?? text.product)}</p>
          </Notice>
        </div>
        <Outlet />
      </main>
    </>
  );
}
