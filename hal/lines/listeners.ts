import type { EdgeEvent, LineIdentity } from '../contract.js';
import type { Log } from '../log.js';

/**
 * Those who listen to one input line. They are called in the order in which they came; one that is added or removed
 * during a call counts from the next. A listener's own failure is logged and keeps nothing from the others.
 */
export class LineListeners {
  readonly #edges = new Set<(event: EdgeEvent) => void>();
  readonly #errors = new Set<(error: Error) => void>();

  constructor(
    private readonly identity: LineIdentity,
    private readonly log: Log,
  ) {}

  /** @returns ends it; the same function may listen more than once */
  onEdge(listener: (event: EdgeEvent) => void): () => void {
    return entered(this.#edges, listener);
  }

  onError(listener: (error: Error) => void): () => void {
    return entered(this.#errors, listener);
  }

  edge(event: EdgeEvent): void {
    this.#call(this.#edges, event);
  }

  error(error: Error): void {
    this.#call(this.#errors, error);
  }

  clear(): void {
    this.#edges.clear();
    this.#errors.clear();
  }

  #call<T>(listeners: ReadonlySet<(what: T) => void>, what: T): void {
    for (const listener of [...listeners]) {
      try {
        listener(what);
      } catch (err) {
        this.log.error({ line: this.identity.name, err }, 'a listener of this line failed');
      }
    }
  }
}

function entered<T>(listeners: Set<(what: T) => void>, listener: (what: T) => void): () => void {
  const entry = (what: T): void => listener(what);
  listeners.add(entry);
  return () => listeners.delete(entry);
}
