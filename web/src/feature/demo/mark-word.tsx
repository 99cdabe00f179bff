import { demoText } from '#text/demo.ts';

/** The word that marks what came with the demo. */
export default function MarkWord() {
  return (
    <span
      title={demoText.markHelp}
      className="shrink-0 rounded-full border border-line bg-hover px-1.5 text-[0.6875rem] text-muted leading-4"
    >
      {demoText.mark}
    </span>
  );
}
