import { type ComponentProps, type ReactNode, useId } from 'react';
import { control, Frame } from '../field.tsx';

interface SelectFieldProps extends ComponentProps<'select'> {
  label: ReactNode;
  help?: ReactNode;
  choices: readonly { value: string; label: string }[];
}

/** One of several, by the browser's own list: what a phone and a screen reader know best. */
export function SelectField({ label, help, choices, ...select }: SelectFieldProps) {
  const id = useId();
  return (
    <Frame id={id} label={label} help={help} error={null}>
      <select id={id} {...select} aria-describedby={help ? `${id}-note` : undefined} className={`${control} h-8 touch:h-11`}>
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
    </Frame>
  );
}
