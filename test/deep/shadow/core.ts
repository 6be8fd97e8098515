/** A core to be killed: broker, shadow service and store. Forked early; opens the store when told to. */
import { once } from 'node:events';
import { SILENT, SystemClock } from '../../../hal/index.js';
import { durableShadows, ShadowService } from '../../../src/core/shadow/index.js';
import { LevelStore } from '../../../src/store/level.js';
import { openBroker } from '../../mqtt/open-broker.js';

process.on('disconnect', () => process.exit(0));
await once(process, 'message');
const store = await LevelStore.open(process.argv[2] ?? '');
const { broker, port } = await openBroker();
const service = new ShadowService({
  port: broker.port('GGShadowService'),
  store: durableShadows(store),
  clock: new SystemClock(),
  log: SILENT,
});
await service.start(new AbortController().signal);
process.send?.({ port });
