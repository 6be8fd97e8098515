import { describe, it } from 'vitest';
import { GPIO_CASES, type GpioRig, unmet } from './gpio-driver-cases.js';

export type { GpioRig } from './gpio-driver-cases.js';

/** What every GPIO driver must do, run by vitest. A case whose needs the rig cannot meet is skipped with the reason. */
export function describeGpioDriver(name: string, makeRig: () => Promise<GpioRig>): void {
  describe(`GPIO driver: ${name}`, () => {
    for (const each of GPIO_CASES) {
      it(each.title, async ({ skip }) => {
        const rig = await makeRig();
        try {
          const reason = unmet(rig, each.needs);
          if (reason !== undefined) skip(reason);
          await each.run(rig);
        } finally {
          await rig.close();
        }
      });
    }
  });
}
