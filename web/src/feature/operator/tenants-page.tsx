import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { Building2, ChevronRight } from 'lucide-react';
import { useState } from 'react';
import { operatorText } from '#text/operator.ts';
import type { TenantItem } from '../../api/tenancy.ts';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';
import { ListCard } from '../../ui/form/list-card.tsx';
import { NewButton } from '../../ui/form/new-button.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { Page } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { Help } from '../help/help.tsx';
import { ImportDialog } from './import-dialog.tsx';
import { NewTenantDialog } from './new-tenant.tsx';
import { OnlyOperators } from './only-operators.tsx';
import { tenantsQuery } from './queries.ts';
import { TenantBadge } from './tenant-state.tsx';

const words = operatorText;
const route = getRouteApi('/operator');

/** All tenants; search and state are in the address. */
export default function TenantsPage() {
  return (
    <OnlyOperators>
      <Tenants />
    </OnlyOperators>
  );
}

function Tenants() {
  const filter = route.useSearch();
  const navigate = useNavigate();
  const [open, setOpen] = useState<'new' | 'import' | null>(null);
  const set = (part: typeof filter) => {
    const next = { ...filter, ...part };
    void navigate({
      to: '/operator',
      search: { ...(next.find && { find: next.find }), ...(next.state && { state: next.state }) },
      replace: true,
    });
  };
  const isFiltered = Boolean(filter.find || filter.state);
  return (
    <Page
      title={words.tenants}
      help={<Help topic="operator" />}
      side={
        <div className="flex gap-2">
          <Button onClick={() => setOpen('import')}>{words.import}</Button>
          <NewButton label={words.new} onClick={() => setOpen('new')} />
        </div>
      }
    >
      <div className="mb-4 grid gap-x-4 gap-y-3 sm:grid-cols-[minmax(0,1fr)_12rem]">
        <TextField
          label={words.find}
          type="search"
          data-filter
          value={filter.find ?? ''}
          onChange={(event) => set({ find: event.target.value })}
        />
        <SelectField
          label={words.state}
          value={filter.state ?? ''}
          choices={[{ value: '', label: words.allStates }, ...Object.entries(words.states).map(([value, label]) => ({ value, label }))]}
          onChange={(event) => set({ state: event.target.value })}
        />
      </div>
      <ListCard
        query={tenantsQuery(filter)}
        keyOf={(tenant) => tenant.id}
        rows={6}
        empty={
          <Empty icon={<Building2 size={18} aria-hidden="true" />} title={isFiltered ? words.noMatch : words.none}>
            {!isFiltered && words.noneText}
          </Empty>
        }
      >
        {(tenant) => <TenantRow tenant={tenant} />}
      </ListCard>
      {open === 'new' && <NewTenantDialog onClose={() => setOpen(null)} />}
      {open === 'import' && <ImportDialog onClose={() => setOpen(null)} />}
    </Page>
  );
}

function TenantRow({ tenant }: { tenant: TenantItem }) {
  return (
    <div data-row>
      <Link
        to="/operator/tenants/$tenantId"
        params={{ tenantId: tenant.id }}
        data-row-link
        className="flex min-h-14 items-center gap-3 px-4 py-2.5 -outline-offset-2 hover:bg-hover"
      >
        <span className="min-w-0 flex-1">
          <span className="flex flex-wrap items-center gap-2">
            <span className="wrap-anywhere font-medium">{tenant.name}</span>
            <TenantBadge state={tenant.state} />
          </span>
          <span className="block text-muted text-note">
            {tenant.title !== tenant.name && `${tenant.title} · `}
            {words.since} <Time at={tenant.createdAt} short />
            {tenant.stateReason && ` · ${tenant.stateReason}`}
            {tenant.erasesAt && (
              <>
                {' '}
                · {words.erasesAt} <Time at={tenant.erasesAt} />
              </>
            )}
          </span>
        </span>
        <ChevronRight size={15} aria-hidden="true" className="text-muted" />
      </Link>
    </div>
  );
}
