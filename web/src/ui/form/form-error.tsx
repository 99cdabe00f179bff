import { describeError, Notice } from '../feedback.tsx';

/** Why a form was not taken, above its fields. Nothing while there is no failure. */
export function FormError({ error }: { error: unknown }) {
  if (error === null || error === undefined) return null;
  return (
    <Notice tone="bad" role="alert">
      {describeError(error)}
    </Notice>
  );
}
