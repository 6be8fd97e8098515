/** The core under measure in a process of its own: broker, shadow service, store on disk. Forked with the extra flush ms. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { SILENT, SystemClock } from '../../hal/index.js';
import { durableShadows, ShadowService } from '../../src/core/shadow/index.js';
import { LevelStore } from '../../src/store/level.js';
import { openBroker } from '../../test/mqtt/open-broker.js';
import { slowStore } from './slow-store.js';

const [folder = '', extraMs = '0'] = process.argv.slice(2);
const disk = await LevelStore.open(folder);
const { broker, port } = await openBroker();
const service = new ShadowService({
  port: broker.port('GGShadowService'),
  store: durableShadows(extraMs === '0' ? disk : slowStore(disk, Number(extraMs))),
  clock: new SystemClock(),
  log: SILENT,
});
await service.start(new AbortController().signal);
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
process.on('message', (question) => {
  if (question === 'reset') delay.reset();
  // the histogram counts the timer's own period too
  process.send?.({ p99: Math.max(0, delay.percentile(99) / 1e6 - 1), status: service.status() });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ port });
