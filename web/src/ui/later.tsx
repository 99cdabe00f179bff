import { type ComponentType, useEffect, useState } from 'react';
import { text } from '#text/work.ts';
import { toast } from './toast.tsx';

/** Says shortly that a part of the page could not be fetched. */
export const sayUnreachable = (): void => toast(text.errors.title, { description: text.errors.part, tone: 'bad' });

interface Closable {
  onClose: () => void;
}

/**
 * A part of a page whose code comes when it is first drawn. Without a connection it says so and closes again, and the page stays;
 * `preload` fetches the code before it is needed.
 */
export function later<Props extends Closable>(load: () => Promise<{ default: ComponentType<Props> }>) {
  let loaded: ComponentType<Props> | null = null;
  const fetchPart = async () => {
    loaded ??= (await load()).default;
    return loaded;
  };
  function Later(props: Props) {
    const [Part, setPart] = useState(() => loaded);
    const { onClose } = props;
    const isHere = Part !== null;
    useEffect(() => {
      if (isHere) return;
      let isGone = false;
      const giveUp = () => {
        sayUnreachable();
        onClose();
      };
      fetchPart().then(
        (part) => !isGone && setPart(() => part),
        () => !isGone && giveUp(),
      );
      return () => {
        isGone = true;
      };
    }, [isHere, onClose]);
    return Part && <Part {...props} />;
  }
  // Whoever needs it then hears of a failure.
  const preload = () => void fetchPart().catch(() => null);
  return Object.assign(Later, { preload });
}
