import { Counter, type Registry } from 'prom-client';
import type { StorageFigures } from '#kernel/storage';

/** Adds what this process has asked of the storage of large objects. */
export function addStorageMetrics(registry: Registry, figures: () => StorageFigures): void {
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[], read: (counter: Counter<L>) => void) =>
    new Counter({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        read(this);
      },
    });
  const each = (read: (operation: string, figure: StorageFigures['put']) => void) => {
    const { bytesIn: _bytes, ...byOperation } = figures();
    for (const [operation, figure] of Object.entries(byOperation)) read(operation, figure);
  };
  counter('factotum_storage_operations_total', 'What was asked of the storage of large objects', ['operation', 'outcome'], (made) =>
    each((operation, { done, failed }) => {
      made.inc({ operation, outcome: 'done' }, done);
      made.inc({ operation, outcome: 'failed' }, failed);
    }),
  );
  counter('factotum_storage_seconds_total', 'How long the storage of large objects took to answer', ['operation'], (made) =>
    each((operation, { seconds }) => made.inc({ operation }, seconds)),
  );
  counter('factotum_blob_bytes_stored_total', 'Sealed bytes that went to the storage of large objects', [], (made) =>
    made.inc(figures().bytesIn),
  );
}
