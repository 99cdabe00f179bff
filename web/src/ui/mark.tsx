/** The product's mark: an F drawn as a little plan, ending in an open step. */
export function Mark({ size = 20 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" className="shrink-0">
      <rect width="32" height="32" rx="8" className="fill-accent" />
      <path
        d="M10.5 24.5V11a3 3 0 0 1 3-3h8M10.5 16.25h6.5"
        fill="none"
        strokeWidth="3"
        strokeLinecap="round"
        strokeLinejoin="round"
        className="stroke-accent-ink"
      />
      <circle cx="21.25" cy="16.25" r="2.5" className="fill-accent-ink/60" />
    </svg>
  );
}
