/** A contact on an input line: button, switch, motion detector, induction loop. */
import type { Bias, EdgeEvent, EdgeSelection, InputLine, LineAddress, LineValue } from '../hal/index.js';
import type { LineClaim, OptionSchema, RoleContext } from './contract.js';
import { failure } from './faults.js';
import { ACTIVE_LOW, BIAS, DURATION, LINE } from './options.js';
import type { RuleProblem } from './safety.js';

export interface ContactOptions {
  readonly line: LineAddress;
  readonly activeLow: boolean;
  readonly bias: Bias;
  /** ms */
  readonly debounce: number;
}

export interface ContactDefaults {
  readonly activeLow: boolean;
  readonly bias: Bias;
  readonly debounce: string;
}

export function contactOptions(
  defaults: ContactDefaults,
): Readonly<Record<keyof ContactOptions, OptionSchema>> {
  return {
    line: LINE,
    activeLow: { ...ACTIVE_LOW, default: defaults.activeLow },
    bias: { ...BIAS, default: defaults.bias },
    debounce: {
      ...DURATION,
      title: 'Debounce',
      description: 'How long the line must be stable before a change counts.',
      default: defaults.debounce,
    },
  };
}

export function contactClaim({ line, activeLow }: Pick<ContactOptions, 'line' | 'activeLow'>): LineClaim {
  return { path: 'line', address: line, direction: 'input', activeLow };
}

/** A contact pulls against the resistor: with a pull-up, closed is low. The contradictory pairs never see a press. */
export function checkPull({
  bias,
  activeLow,
}: Pick<ContactOptions, 'bias' | 'activeLow'>): readonly RuleProblem[] {
  const message =
    bias === 'pull-up' && !activeLow
      ? 'with bias pull-up a closed contact is low: set activeLow: true, or bias: pull-down'
      : bias === 'pull-down' && activeLow
        ? 'with bias pull-down a closed contact is high: set activeLow: false, or bias: pull-up'
        : undefined;
  return message === undefined ? [] : [{ path: 'activeLow', message }];
}

export interface ContactListener {
  /** Default `both`. */
  readonly edge?: EdgeSelection;
  onEdge(event: EdgeEvent): void;
}

/** The held line of a contact. A line that fails while it is held becomes the role's fault. */
export class Contact {
  #line: InputLine | undefined;
  #detach: (() => void)[] = [];

  /** Takes the line and begins to listen. @returns the value at that moment */
  async open(options: ContactOptions, context: RoleContext, listener: ContactListener): Promise<LineValue> {
    const { line, activeLow, bias, debounce } = options;
    const { edge = 'both' } = listener;
    const input = await context.gpio.input(line, context.thing, {
      activeLow,
      bias,
      debounceMs: debounce,
      edge,
    });
    this.#line = input;
    this.#detach = [
      input.onEdge((event) => listener.onEdge(event)),
      input.onError((error) => {
        context.log.error({ thing: context.thing, line: input.identity.name }, error.message);
        context.fault(failure(error));
      }),
    ];
    try {
      return await input.read();
    } catch (error) {
      // A start that fails leaves nothing taken; the reason of the failed read counts.
      await this.close().catch(() => {});
      throw error;
    }
  }

  /** Idempotent. */
  async close(): Promise<void> {
    for (const detach of this.#detach.splice(0)) detach();
    await this.#line?.close();
  }
}
