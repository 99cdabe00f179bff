import { TextField } from '../field.tsx';

interface CodeFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
}

/** Six digits from an authenticator app: wide enough to read, offered by phones that know the code. */
export function CodeField({ label, value, onChange }: CodeFieldProps) {
  return (
    <TextField
      label={label}
      name="one-time-code"
      autoComplete="one-time-code"
      inputMode="numeric"
      pattern="[0-9 ]{6,7}"
      maxLength={7}
      required
      autoFocus
      spellCheck={false}
      className="font-mono tracking-widest"
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}
