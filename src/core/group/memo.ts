/**
 * Remembers answers by three names. Bounded: when full it forgets everything, because what a running group asks fits
 * many times over, and a client that invents topics must not be remembered for ever.
 */
export class Memo<T> {
  readonly #first = new Map<string, Map<string, Map<string, T>>>();
  #size = 0;

  constructor(private readonly limit: number) {}

  get(a: string, b: string, c: string): T | undefined {
    return this.#first.get(a)?.get(b)?.get(c);
  }

  set(a: string, b: string, c: string, value: T): void {
    if (this.#size >= this.limit && this.get(a, b, c) === undefined) this.clear();
    let second = this.#first.get(a);
    if (second === undefined) {
      second = new Map();
      this.#first.set(a, second);
    }
    let third = second.get(b);
    if (third === undefined) {
      third = new Map();
      second.set(b, third);
    }
    if (!third.has(c)) this.#size++;
    third.set(c, value);
  }

  clear(): void {
    this.#first.clear();
    this.#size = 0;
  }
}
