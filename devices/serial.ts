/** Runs pieces of work one after another, so that a timer's work never comes between two writes of a request. */
export class Serial {
  #tail: Promise<unknown> = Promise.resolve();

  /** @returns the outcome of `work`, which starts when everything before it has ended */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    // The caller gets the failure through `result`; the next piece only waits for the end.
    this.#tail = result.catch(() => {});
    return result;
  }
}
