import type { ReactNode } from 'react';
import { cx } from '../cx.ts';

export interface CheckItem {
  value: string;
  label: ReactNode;
  help?: ReactNode;
  isDisabled?: boolean;
}

interface CheckListProps {
  legend: string;
  items: readonly CheckItem[];
  value: readonly string[];
  onChange: (value: string[]) => void;
  help?: string;
  error?: string | null;
  columns?: boolean;
}

/** Several of a few, each with a line that says what it means. */
export function CheckList({ legend, items, value, onChange, help, error, columns = false }: CheckListProps) {
  return (
    <fieldset className="mb-4 last:mb-0">
      <legend className="mb-1 font-medium">{legend}</legend>
      {help && <p className="mb-1 text-muted text-note">{help}</p>}
      <div className={cx('grid gap-x-6', columns && 'sm:grid-cols-2')}>
        {items.map((item) => (
          <label key={item.value} className="flex items-start gap-2.5 py-1.5 touch:min-h-11 touch:items-center">
            <input
              type="checkbox"
              className="mt-0.5 size-4 shrink-0 accent-accent touch:mt-0"
              checked={value.includes(item.value)}
              disabled={item.isDisabled}
              onChange={(event) =>
                onChange(event.target.checked ? [...value, item.value] : value.filter((chosen) => chosen !== item.value))
              }
            />
            <span className="min-w-0">
              <span className="block">{item.label}</span>
              {item.help && <span className="block text-muted text-note">{item.help}</span>}
            </span>
          </label>
        ))}
      </div>
      {error && (
        <p role="alert" className="mt-1 text-bad text-note">
          {error}
        </p>
      )}
    </fieldset>
  );
}
