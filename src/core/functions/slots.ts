/** Bounds how many processes there are, and how many start at the same time, over all functions. */
export interface Claimant {
  /** Ends an idle process. @returns false when it has none; `since` is when its longest idle one became so */
  yieldOne(): boolean;
  readonly idleSince: number | undefined;
  /** There may be room now. */
  roomMade(): void;
}

export class Slots {
  readonly #claimants = new Set<Claimant>();
  /** Those that found no room. */
  readonly #denied = new Set<Claimant>();
  readonly #gate: (() => void)[] = [];
  #taken = 0;
  #starting = 0;

  constructor(private readonly limits: { readonly onDemandWorkers: number; readonly starting: number }) {}

  join(claimant: Claimant): void {
    this.#claimants.add(claimant);
  }

  leave(claimant: Claimant): void {
    this.#claimants.delete(claimant);
    this.#denied.delete(claimant);
  }

  /** Room for a process that is not pinned. When all is taken, the one longest idle has to go; then ask again. */
  take(by: Claimant): boolean {
    if (this.#taken < this.limits.onDemandWorkers) {
      this.#taken += 1;
      this.#denied.delete(by);
      return true;
    }
    this.#denied.add(by);
    let longest: Claimant | undefined;
    for (const claimant of this.#claimants) {
      const since = claimant.idleSince;
      if (since !== undefined && since < (longest?.idleSince ?? Number.POSITIVE_INFINITY)) longest = claimant;
    }
    longest?.yieldOne();
    return false;
  }

  give(): void {
    this.#taken -= 1;
    // who was turned away first comes first
    for (const claimant of [...this.#denied]) {
      if (this.#taken >= this.limits.onDemandWorkers) return;
      this.#denied.delete(claimant);
      claimant.roomMade();
    }
  }

  /** A process has nothing to do: it goes when somebody else was turned away. */
  idle(claimant: Claimant): void {
    for (const other of this.#denied) {
      if (other === claimant) continue;
      claimant.yieldOne();
      return;
    }
  }

  /** Calls back, now or later, when one more process may start. @returns a function that says it has; idempotent */
  enter(begin: () => void): () => void {
    let state: 'waiting' | 'inside' | 'left' = 'waiting';
    const go = (): void => {
      if (state !== 'waiting') {
        this.#next();
        return;
      }
      state = 'inside';
      begin();
    };
    if (this.#starting < this.limits.starting) {
      this.#starting += 1;
      go();
    } else this.#gate.push(go);
    return () => {
      const before = state;
      state = 'left';
      if (before === 'inside') this.#next();
    };
  }

  /** Hands the place of one that has started to the next, or leaves it empty. */
  #next(): void {
    const go = this.#gate.shift();
    if (go) go();
    else this.#starting -= 1;
  }
}
