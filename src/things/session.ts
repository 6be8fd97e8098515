import type { Connection, SessionRequest } from './connection.js';

/** A session that the server keeps between connections, and what is subscribed in it. */
export interface LinkSession {
  /** Whole seconds, 1 or more. */
  readonly expirySeconds: number;
  /** The filters that were saved last; undefined: nothing is known of a session. */
  load(): Promise<readonly string[] | undefined>;
  save(filters: readonly string[]): Promise<void>;
}

/** What a link knows of its session: the filters there are those that it has subscribed, also before a restart. */
export class HeldSession {
  /** What the session has subscribed, and perhaps more; undefined: not known. */
  #held: ReadonlySet<string> | undefined;

  constructor(private readonly session: LinkSession) {}

  /** Begins a new one where nothing is known: it may have filters that nobody wants. */
  async request(): Promise<SessionRequest> {
    const { expirySeconds } = this.session;
    if (this.#held === undefined) {
      const kept = await this.session.load();
      if (kept !== undefined) this.#held = new Set(kept);
    }
    return { expirySeconds, clean: this.#held === undefined };
  }

  /** Before they are subscribed, so that what is kept names at least what the session has. */
  async hold(filters: readonly string[]): Promise<void> {
    const before = this.#held;
    if (before !== undefined && filters.every((filter) => before.has(filter))) return;
    const held = new Set([...(before ?? []), ...filters]);
    await this.session.save([...held]);
    this.#held = held;
  }

  /** Unsubscribes what the session has beyond these. */
  async keepOnly(wanted: ReadonlySet<string>, connection: Connection): Promise<void> {
    const unwanted = [...(this.#held ?? [])].filter((filter) => !wanted.has(filter));
    if (unwanted.length === 0) return;
    await connection.unsubscribe(unwanted);
    this.#held = new Set(wanted);
    await this.session.save([...wanted]);
  }
}
