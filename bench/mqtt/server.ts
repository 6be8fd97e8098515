/** The message manager as a process: plain, and behind its TLS listener. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SILENT } from '../../hal/index.js';
import { TlsListener } from '../../src/core/listener/index.js';
import { openBroker } from '../../test/mqtt/open-broker.js';

const [, , folder = ''] = process.argv;
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const opened = await openBroker();
const listener = new TlsListener({
  host: '127.0.0.1',
  port: 0,
  credentials: () => ({ key: read('server.key'), cert: read('server.pem'), ca: read('ca.pem') }),
  authenticate: (socket) => ({ thing: socket.getPeerX509Certificate()?.subject ?? 'nobody' }),
  acceptor: opened.broker,
  log: SILENT,
});
await listener.start(new AbortController().signal);
process.send?.({ plain: opened.port, tls: listener.address().port });
