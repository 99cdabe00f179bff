/**
 * What is due when: a binary heap with one timer for all of it, so that what waits costs no timer of its own.
 * An item has one time; setting another replaces it.
 */
export interface DueQueue<Item> {
  /** @param atMs - on the clock that the queue was made with */
  set(item: Item, atMs: number): void;
  remove(item: Item): void;
  /** When the item is due; undefined for one that is not in here. */
  at(item: Item): number | undefined;
  stop(): void;
}

interface Entry<Item> {
  readonly item: Item;
  readonly atMs: number;
}

/** No timer of Node's is longer: it would fire at once. */
const timerMsMax = 2 ** 31 - 1;

/** @param onDue - called once for each item whose time has come, which is not in the queue any more then */
export function createDueQueue<Item>(nowMs: () => number, onDue: (item: Item) => void): DueQueue<Item> {
  const heap: Entry<Item>[] = [];
  const times = new Map<Item, number>();
  let timer: NodeJS.Timeout | undefined;
  let timerAtMs = Number.POSITIVE_INFINITY;

  /** Entries that were replaced or removed stay until they come up. */
  const isStale = ({ item, atMs }: Entry<Item>) => times.get(item) !== atMs;

  function run(): void {
    timerAtMs = Number.POSITIVE_INFINITY;
    for (let first = heap[0]; first !== undefined && (isStale(first) || first.atMs <= nowMs()); first = heap[0]) {
      pop(heap);
      if (isStale(first)) continue;
      times.delete(first.item);
      onDue(first.item);
    }
    arm();
  }

  function arm(): void {
    const first = heap[0];
    if (first === undefined || first.atMs >= timerAtMs) return;
    clearTimeout(timer);
    timerAtMs = first.atMs;
    timer = setTimeout(run, Math.min(Math.max(0, first.atMs - nowMs()), timerMsMax));
  }

  return {
    set(item, atMs) {
      if (times.get(item) === atMs) return;
      times.set(item, atMs);
      push(heap, { item, atMs });
      // What is replaced again and again must not fill the heap.
      if (heap.length > 2 * times.size + 64) rebuild();
      arm();
    },
    remove: (item) => void times.delete(item),
    at: (item) => times.get(item),
    stop() {
      clearTimeout(timer);
      times.clear();
      heap.length = 0;
    },
  };

  function rebuild(): void {
    heap.length = 0;
    for (const [item, atMs] of times) push(heap, { item, atMs });
  }
}

function push<Item>(heap: Entry<Item>[], entry: Entry<Item>): void {
  let at = heap.push(entry) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || above.atMs <= entry.atMs) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = entry;
}

function pop<Item>(heap: Entry<Item>[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    const [left, right] = [heap[child], heap[child + 1]];
    if (left === undefined) break;
    if (right !== undefined && right.atMs < left.atMs) child += 1;
    const smaller = heap[child];
    if (smaller === undefined || smaller.atMs >= last.atMs) break;
    heap[at] = smaller;
    at = child;
  }
  heap[at] = last;
}
