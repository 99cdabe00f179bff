import { type ComponentProps, type ReactNode, useId } from 'react';
import { cx } from './cx.ts';

/** The classes of everything that is typed into or chosen from. */
export const control =
  'w-full rounded-control border border-field bg-panel px-2.5 text-body text-ink placeholder:text-muted aria-invalid:border-bad touch:text-[1rem]';

interface FieldProps {
  label: ReactNode;
  help?: ReactNode;
  error?: string | null;
}

/** A labelled input of one line. */
export function TextField({ label, help, error, ...input }: FieldProps & ComponentProps<'input'>) {
  const id = useId();
  return (
    <Frame id={id} label={label} help={help} error={error ?? null}>
      <input
        id={id}
        autoComplete="off"
        {...input}
        {...described(id, help, error)}
        className={cx(control, 'h-8 touch:h-11', input.className)}
      />
    </Frame>
  );
}

/** A labelled input of several lines. */
export function TextArea({ label, help, error, ...input }: FieldProps & ComponentProps<'textarea'>) {
  const id = useId();
  return (
    <Frame id={id} label={label} help={help} error={error ?? null}>
      <textarea id={id} rows={3} {...input} {...described(id, help, error)} className={cx(control, 'block py-1.5', input.className)} />
    </Frame>
  );
}

/** A labelled tick. */
export function CheckField({ label, help, ...input }: { label: ReactNode; help?: ReactNode } & ComponentProps<'input'>) {
  return (
    <label className={cx('mb-4 flex min-h-8 gap-2 font-medium last:mb-0 touch:min-h-11', help ? 'items-start' : 'items-center')}>
      <input type="checkbox" {...input} className={cx('size-4 shrink-0 accent-accent', help ? 'mt-0.5' : null)} />
      <span>
        {label}
        {help && <span className="block font-normal text-muted text-note">{help}</span>}
      </span>
    </label>
  );
}

/** A label, its control, and what is to know or wrong about it. */
export function Frame({ id, label, help, error, children }: Required<FieldProps> & { id: string; children: ReactNode }) {
  return (
    <div className="mb-4 last:mb-0">
      <label htmlFor={id} className="mb-1 block font-medium">
        {label}
      </label>
      {children}
      {error ? (
        <p id={`${id}-note`} role="alert" className="mt-1 text-bad text-note">
          {error}
        </p>
      ) : (
        help && (
          <p id={`${id}-note`} className="mt-1 text-muted text-note">
            {help}
          </p>
        )
      )}
    </div>
  );
}

const described = (id: string, help: ReactNode, error: string | null | undefined) => ({
  'aria-invalid': error ? true : undefined,
  'aria-describedby': help || error ? `${id}-note` : undefined,
});
