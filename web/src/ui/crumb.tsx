import { Link, type LinkProps } from '@tanstack/react-router';
import { ChevronLeft } from 'lucide-react';

/** The way back to the list that an object page belongs to. */
export function Crumb({ to, label, search }: { to: NonNullable<LinkProps['to']>; label: string; search?: LinkProps['search'] }) {
  return (
    <Link
      to={to}
      {...(search !== undefined && { search })}
      className="-ml-1 inline-flex min-h-6 items-center gap-0.5 rounded font-medium text-muted hover:text-ink"
    >
      <ChevronLeft size={15} aria-hidden="true" />
      {label}
    </Link>
  );
}
