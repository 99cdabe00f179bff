import { CircleQuestionMark } from 'lucide-react';
import type { helpText } from '#text/help.ts';
import { text } from '#text/work.ts';
import { laterPopup } from '../../ui/later-popup.tsx';

export type HelpTopic = keyof typeof helpText.topics;

const About = laterPopup('dialog', () => import('./about.tsx'));

/** Beside a page's heading: what the page is for. */
export function Help({ topic }: { topic: HelpTopic }) {
  return (
    <About
      topic={topic}
      label={text.nav.about}
      face={<CircleQuestionMark size={15} aria-hidden="true" />}
      className="inline-flex size-7 shrink-0 items-center justify-center rounded-control text-muted transition-colors duration-100 hover:bg-hover hover:text-ink touch:size-11"
    />
  );
}
