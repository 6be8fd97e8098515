import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { VirtualClock } from '../../hal/index.js';
import { CLOUDS, type CloudStandIn } from '../support/cloud-stand-in.js';
import { edit, lives, liveThrough, stateOf, syncedSite } from '../support/synced-site.js';
import { mayLackFor } from '../support/tools.js';

for (const [name, possible, make] of CLOUDS) {
  describe.skipIf(mayLackFor(possible))(
    `shadows in step over AWS's SDK with AWS IoT, played by ${name}`,
    () => {
      let cloud: CloudStandIn;

      beforeAll(async () => {
        cloud = await make();
      });
      afterAll(async () => {
        await cloud?.stop();
      });

      it('brings together what both sides did in half an hour without a line', async () => {
        const clock = new VirtualClock();
        const site = await syncedSite(cloud, clock);
        onTestFinished(() => site.stop());
        /** Lets injected time pass while the sockets do their work. */
        const until = async (what: () => Promise<boolean> | boolean) => {
          for (let turn = 0; turn < 2_000; turn++) {
            if (await what()) return;
            await clock.advance(20);
            await new Promise((resolve) => setTimeout(resolve, 2));
          }
          throw new Error(`not true: ${what}`);
        };
        await edit(site.shadows, { desired: { a: 1, b: 1, c: 1 }, reported: { a: 1, b: 1, gone: 1 } });
        await until(async () => (await stateOf(cloud.shadows))?.reported?.a === 1);
        await until(() => site.part().figures?.queued === 0);

        cloud.cut();
        await until(() => site.part().state === 'degraded');
        for (let minute = 0; minute < 30; minute++) {
          await edit(site.shadows, { reported: { minute } });
          await clock.advance(60_000);
        }
        expect(site.part()).toMatchObject({ state: 'degraded', figures: { queued: 1 } });
        await edit(site.shadows, { desired: { a: 2, b: 2 }, reported: { a: 2, gone: null } });
        await edit(cloud.shadows, { desired: { a: 3, c: 3 }, reported: { a: 3, b: 3 } });
        cloud.mend();
        await until(() => site.part().state === 'ok');
        // desired is the cloud's, reported the device's; what one side alone changed is kept
        const both = { desired: { a: 3, b: 2, c: 3 }, reported: { a: 2, b: 3, minute: 29 } };
        await until(async () => (await stateOf(site.shadows))?.desired?.a === 3);
        expect(await stateOf(site.shadows)).toEqual(both);
        expect(await stateOf(cloud.shadows)).toEqual(both);
      });

      it('loses nothing acknowledged, whatever is edited, cut, crashed and restarted', async () => {
        await fc.assert(
          fc.asyncProperty(lives, (steps) => liveThrough(cloud, steps)),
          { numRuns: 5, endOnFailure: true },
        );
      }, 60_000);
    },
  );
}
