import { Counter, type Registry } from 'prom-client';
import type { NoticeFaults } from '#flow/notice';

/** Adds what has gone wrong in this process while people were told things. */
export function addNoticeMetrics(registry: Registry, faults: () => NoticeFaults): void {
  const counter = (name: string, help: string, read: (of: NoticeFaults) => number) =>
    new Counter({
      ...{ name, help, registers: [registry] },
      collect() {
        this.reset();
        this.inc(read(faults()));
      },
    });
  counter('factotum_notice_unreadable_total', 'Notices left out because what they are about cannot be opened', ({ broken }) => broken);
  counter(
    'factotum_notice_mail_faults_total',
    'Letters to people that the mail server has not taken; they are tried again',
    ({ mails }) => mails,
  );
}
