/** An emulated board stalls for seconds now and then; a fault stays one on every try. */
const TRIES = 3;

/** What is shown, one after the other, and how it went. */
export class Parts {
  passed = 0;
  failed = 0;

  /**
   * Runs one part; a failure is told, tried again and in the end counted, and the others still run.
   * @param work returns lines to print
   * @param order puts the board into order before the next try, the `last` one more thoroughly
   * @returns false when it failed on every try
   */
  async run(
    title: string,
    work: () => Promise<readonly string[]>,
    order?: (last: boolean) => Promise<void>,
  ): Promise<boolean> {
    for (let attempt = 1; attempt <= TRIES; attempt += 1) {
      const began = Date.now();
      try {
        if (attempt > 1) await order?.(attempt === TRIES);
        for (const line of await work()) process.stdout.write(`    ${line}\n`);
        this.passed += 1;
        process.stdout.write(`ok      ${title} (${((Date.now() - began) / 1000).toFixed(1)} s)\n`);
        return true;
      } catch (error) {
        process.stdout.write(
          `FAILED  ${title}, try ${attempt} of ${TRIES}\n${error instanceof Error ? error.stack : error}\n`,
        );
      }
    }
    this.failed += 1;
    return false;
  }
}
