import { operatorText } from '#text/operator.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';

const tones: Record<string, Tone> = { active: 'good', suspended: 'warn', closing: 'bad', moving: 'accent' };

/** Where a tenant stands in its life. */
export function TenantBadge({ state }: { state: string }) {
  return <Badge tone={tones[state] ?? 'neutral'}>{operatorText.states[state] ?? state}</Badge>;
}
