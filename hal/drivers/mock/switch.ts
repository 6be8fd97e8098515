import type { Timer } from '../../clock.js';
import type { Circuit, CircuitLine } from './circuit.js';
import type { Level } from './history.js';

export interface SwitchSettings {
  /** The rail that the contact connects the line to. Default `low`: a button to ground. */
  readonly to?: Level;
  /** How often the contact lets go again while it closes or opens, 0..100. Default 0: a perfect contact. */
  readonly bounces?: number;
  /** Time in ms over which the bounces are spread. Default 5. */
  readonly bounceMs?: number;
}

/** A contact between a line and a rail: a button or a switch, bouncing if asked to. */
export class MockSwitch {
  readonly #timers = new Set<Timer>();
  #pressed = false;

  constructor(
    private readonly circuit: Circuit,
    private readonly line: CircuitLine,
    private readonly settings: SwitchSettings = {},
  ) {}

  /** Pressed or not, whatever the contact does in between. */
  get pressed(): boolean {
    return this.#pressed;
  }

  press(): void {
    this.#move(true);
  }

  release(): void {
    this.#move(false);
  }

  /** Presses, and releases after `forMs`. */
  click(forMs: number): void {
    this.press();
    this.#later(forMs, () => this.release());
  }

  #move(pressed: boolean): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#pressed = pressed;
    this.#contact(pressed);
    const bounces = this.settings.bounces ?? 0;
    const stepMs = (this.settings.bounceMs ?? 5) / Math.max(1, bounces * 2);
    for (let step = 1; step <= bounces * 2; step++) {
      this.#later(step * stepMs, () => this.#contact(step % 2 === 0 ? pressed : !pressed));
    }
  }

  #contact(closed: boolean): void {
    this.circuit.change(this.line, 'outside', { external: closed ? (this.settings.to ?? 'low') : undefined });
  }

  #later(ms: number, run: () => void): void {
    const timer = this.circuit.clock.after(ms, () => {
      this.#timers.delete(timer);
      run();
    });
    this.#timers.add(timer);
  }
}
