import { cx } from './cx.ts';

const isApple = /Mac|iP(hone|ad|od)/.test(navigator.userAgent);

/** Shows keys as caps; hidden where there is no keyboard. `Control+` is shown as the platform's command key. */
export function KeyHint({ keys, onAccent = false }: { keys: string; onAccent?: boolean }) {
  return (
    <span
      aria-hidden="true"
      className={cx(
        'hidden rounded px-1 font-sans text-[0.6875rem] leading-4 pointer-fine:inline-block touch:hidden!',
        onAccent ? 'bg-accent-ink/15 text-accent-ink' : 'bg-hover text-muted ring-1 ring-inset ring-line',
      )}
    >
      {keys
        .replace('Control+', isApple ? '⌘' : 'Ctrl ')
        .replace('Shift+', '')
        .toUpperCase()}
    </span>
  );
}
