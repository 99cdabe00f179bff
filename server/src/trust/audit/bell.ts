/** Something to wait for that others ring. */
export interface Bell {
  ring(): void;
  /** Resolves when it is rung or was rung since the last wait, not before `atLeastMs`, and in any case after `atMostMs`. */
  wait(span: { atLeastMs: number; atMostMs: number }): Promise<void>;
  /** Ends waits at once, now and from now on. */
  close(): void;
}

export function createBell(): Bell {
  let rung = false;
  let closed = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      if (rung) return;
      rung = true;
      wake?.();
    },
    async wait({ atLeastMs, atMostMs }) {
      const startedAt = performance.now();
      const left = () => (closed ? 0 : (rung ? atLeastMs : atMostMs) - (performance.now() - startedAt));
      for (let ms = left(); ms > 0; ms = left()) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      rung = false;
    },
    close() {
      closed = true;
      wake?.();
    },
  };
}
