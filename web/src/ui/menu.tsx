import { Menu as Base } from '@base-ui/react/menu';
import { Check } from 'lucide-react';
import { type ReactNode, useRef } from 'react';
import type { PopupProps } from './later-popup.tsx';

/** A menu behind a button. What draws one is a chunk of its own, by `laterPopup`. */
export function Menu({ label, face, className, opensAtOnce, children }: PopupProps & { children: ReactNode }) {
  // Opened inside the landmark that holds the button, not at the end of the page.
  const place = useRef<HTMLSpanElement>(null);
  return (
    <Base.Root defaultOpen={opensAtOnce}>
      <Base.Trigger aria-label={label} className={className}>
        {face}
      </Base.Trigger>
      <span ref={place} className="absolute" />
      <Base.Portal container={place}>
        <Base.Positioner sideOffset={6} collisionPadding={12} className="z-50">
          <Base.Popup className="min-w-52 rounded-popup bg-panel p-1 shadow-float outline-none transition-opacity duration-100 data-ending-style:opacity-0 data-starting-style:opacity-0">
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

const itemClass =
  'flex h-8 w-full items-center gap-2 rounded-control px-2 outline-none data-highlighted:bg-hover touch:h-11 text-body touch:text-[0.875rem]';

export function MenuItem({ icon, children, onSelect }: { icon: ReactNode; children: ReactNode; onSelect: () => void }) {
  return (
    <Base.Item className={itemClass} onClick={onSelect}>
      <span className="text-muted">{icon}</span>
      {children}
    </Base.Item>
  );
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return <div className="px-2 pt-1.5 pb-1 text-muted text-note">{children}</div>;
}

export function MenuSeparator() {
  return <Base.Separator className="-mx-1 my-1 h-px bg-line" />;
}

interface MenuChoiceProps<T extends string> {
  label: string;
  value: T;
  onChange: (value: T) => void;
  choices: { value: T; label: string; icon: ReactNode }[];
}

/** One of a few, inside a menu. */
export function MenuChoice<T extends string>({ label, value, onChange, choices }: MenuChoiceProps<T>) {
  return (
    <Base.RadioGroup value={value} onValueChange={(chosen: T) => onChange(chosen)} aria-label={label}>
      {choices.map((choice) => (
        <Base.RadioItem key={choice.value} value={choice.value} closeOnClick={false} className={itemClass}>
          <span className="text-muted">{choice.icon}</span>
          <span className="flex-1">{choice.label}</span>
          <Base.RadioItemIndicator className="text-accent">
            <Check size={14} aria-hidden="true" />
          </Base.RadioItemIndicator>
        </Base.RadioItem>
      ))}
    </Base.RadioGroup>
  );
}
