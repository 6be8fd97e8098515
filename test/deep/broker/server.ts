/** The process that the crash run kills: the message manager over a durable store on a loopback port. */
import { durableSessions } from '../../../src/core/broker/index.js';
import { LevelStore } from '../../../src/store/level.js';
import { openBroker } from '../../mqtt/open-broker.js';

const [, , folder = '', port = '0'] = process.argv;
// loaded beforehand, while the one before it still runs
process.once('disconnect', () => process.exit());
process.send?.({ loaded: true });
await new Promise((resolve) => process.once('message', resolve));
const store = await LevelStore.open(folder);
// what is acknowledged and then dropped from a full queue is not what a crash lost
const limits = {
  maximumQueued: 60_000,
  maximumQueuedBytes: 256 * 1_048_576,
  maximumTotalQueuedBytes: 1_024 * 1_048_576,
};
const opened = await openBroker({ sessions: durableSessions(store), port: Number(port), limits });
process.send?.({ port: opened.port });
