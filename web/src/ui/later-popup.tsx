import { type ComponentType, type KeyboardEvent, type ReactNode, useState } from 'react';
import { sayUnreachable } from './later.tsx';

/** What a button with a popup behind it looks like, whether the code of the popup is there or not. */
export interface PopupButton {
  /** What a screen reader says. */
  label: string;
  /** What the button shows. */
  face: ReactNode;
  className: string;
}

/** What the code of a popup is drawn with, when it is there. */
export interface PopupProps extends PopupButton {
  /** Somebody pressed the button while the code was not there yet. */
  opensAtOnce: boolean;
}

/**
 * A button whose popup is fetched when somebody reaches for it: with the pointer, with the focus, with a press. Until then it is a plain
 * button that says the same, so that nothing moves when the popup takes its place. Without a connection a press says so.
 */
export function laterPopup<Props extends object>(
  kind: 'menu' | 'dialog',
  load: () => Promise<{ default: ComponentType<Props & PopupProps> }>,
) {
  let loaded: ComponentType<Props & PopupProps> | null = null;
  const fetchPopup = async () => {
    loaded ??= (await load()).default;
    return loaded;
  };
  // Whoever presses the button then hears of a failure.
  const preload = () => void fetchPopup().catch(() => null);
  return function LaterPopup(props: Props & PopupButton) {
    // Never changed by looking at the button alone: the focus would be lost with the button that it is on.
    const [Popup, setPopup] = useState(() => loaded);
    const [isPressed, setPressed] = useState(false);
    if (Popup !== null) return <Popup {...props} opensAtOnce={isPressed} />;
    const open = () => {
      setPressed(true);
      fetchPopup().then((popup) => setPopup(() => popup), sayUnreachable);
    };
    const openByKey = (event: KeyboardEvent) => {
      if (kind !== 'menu' || (event.key !== 'ArrowDown' && event.key !== 'ArrowUp')) return;
      event.preventDefault();
      open();
    };
    const { label, face, className } = props;
    return (
      <button
        type="button"
        aria-label={label}
        aria-haspopup={kind}
        aria-expanded={false}
        onPointerEnter={preload}
        onFocus={preload}
        onClick={open}
        onKeyDown={openByKey}
        className={className}
      >
        {face}
      </button>
    );
  };
}
