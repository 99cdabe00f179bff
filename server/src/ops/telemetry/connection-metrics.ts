import { Counter, Gauge, type Registry } from 'prom-client';
import type { WatcherFigures } from '#flow/connection';

/** Adds what the watcher of this process has done, and how connections are. */
export function addConnectionMetrics(registry: Registry, figures: () => WatcherFigures): void {
  const registers = [registry];
  new Counter({
    name: 'factotum_connection_polls_total',
    help: 'Polls of connections by what they came to: done, failed, broken, lost, changed, held_up',
    labelNames: ['connector', 'outcome'],
    registers,
    collect() {
      this.reset();
      for (const [name, count] of figures().polls) {
        const [connector = '', ...outcome] = name.split(' ');
        this.inc({ connector, outcome: outcome.join('_') }, count);
      }
    },
  });
  new Counter({
    name: 'factotum_connection_arrivals_total',
    help: 'What came in new over connections',
    labelNames: ['connector'],
    registers,
    collect() {
      this.reset();
      for (const [connector, count] of figures().arrivals) this.inc({ connector }, count);
    },
  });
  new Counter({
    name: 'factotum_connection_late_seconds_total',
    help: 'By how much polls began late, in all; divide by the polls',
    registers,
    collect() {
      this.reset();
      this.inc(figures().late.sumSeconds);
    },
  });
  new Gauge({
    name: 'factotum_connections',
    help: 'Connections of the installation by state, as a watcher saw them last',
    labelNames: ['state'],
    registers,
    collect() {
      this.reset();
      for (const [state, count] of figures().states) this.set({ state }, count);
    },
  });
  const gauge = (name: string, help: string, read: (figures: WatcherFigures) => number) =>
    new Gauge({
      ...{ name, help, registers },
      collect() {
        this.set(read(figures()));
      },
    });
  gauge('factotum_connection_lag_seconds', 'By how much the connection that is latest is late', ({ lagMs }) => lagMs / 1_000);
  gauge('factotum_connections_held', 'Connections that this process looks after', ({ held }) => held);
  gauge('factotum_connections_polling', 'Connections that this process polls right now', ({ polling }) => polling);
  gauge('factotum_connection_streams', 'Connections on which this process listens', ({ streams }) => streams);
}
