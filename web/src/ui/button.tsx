import type { ComponentProps } from 'react';
import { cx } from './cx.ts';
import { KeyHint } from './key-hint.tsx';

export type ButtonLook = 'primary' | 'plain' | 'quiet' | 'danger';

const looks: Record<ButtonLook, string> = {
  primary: 'bg-accent text-accent-ink hover:bg-accent/90 disabled:bg-field/30 disabled:text-muted',
  plain: 'bg-panel text-ink ring-1 ring-inset ring-line shadow-xs hover:bg-hover disabled:text-muted',
  quiet: 'text-muted hover:bg-hover hover:text-ink disabled:text-muted',
  danger: 'bg-panel text-bad ring-1 ring-inset ring-bad/30 hover:bg-bad-soft disabled:text-muted',
};

/** The classes of a button, for links that look like one. */
export const buttonClass = (look: ButtonLook = 'plain', size: 'small' | 'normal' = 'normal'): string =>
  cx(
    'inline-flex shrink-0 select-none items-center justify-center gap-1.5 whitespace-nowrap rounded-control font-medium',
    'transition-colors duration-100 disabled:cursor-not-allowed touch:h-11 touch:px-4',
    size === 'small' ? 'h-7 px-2.5 text-note touch:text-body' : 'h-8 px-3',
    looks[look],
  );

interface ButtonProps extends ComponentProps<'button'> {
  look?: ButtonLook;
  size?: 'small' | 'normal';
  /** The key that presses this button; the keyboard handler reads it from `aria-keyshortcuts`. */
  shortcut?: string;
  /** Shows the key on the button as well. */
  showShortcut?: boolean;
}

export function Button({ look, size, shortcut, showShortcut, className, children, ...rest }: ButtonProps) {
  return (
    <button type="button" aria-keyshortcuts={shortcut} {...rest} className={cx(buttonClass(look, size), className)}>
      {children}
      {shortcut && showShortcut && <KeyHint keys={shortcut} onAccent={look === 'primary'} />}
    </button>
  );
}

/** The classes of a button that is only an icon, for what opens a popup. */
export const iconButtonClass =
  'inline-flex size-7 shrink-0 items-center justify-center rounded-control text-muted transition-colors duration-100 hover:bg-hover hover:text-ink touch:size-11';

interface IconButtonProps extends ComponentProps<'button'> {
  /** What a screen reader says and the pointer shows. */
  label: string;
  shortcut?: string;
}

/** A button that is only an icon. */
export function IconButton({ label, shortcut, className, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      aria-keyshortcuts={shortcut}
      {...rest}
      className={cx(iconButtonClass, className)}
    />
  );
}
