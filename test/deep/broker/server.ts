/** The process that the crash run kills: the message manager over a durable store on a loopback port. */
import { durableSessions } from '../../../src/core/broker/index.js';
import { LevelStore } from '../../../src/store/level.js';
import { openBroker } from '../../mqtt/open-broker.js';

const [, , folder = '', port = '0'] = process.argv;
const store = await LevelStore.open(folder);
const opened = await openBroker({ sessions: durableSessions(store), port: Number(port) });
process.send?.({ port: opened.port });
