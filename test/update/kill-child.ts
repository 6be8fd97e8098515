/** One update that is killed on the way: kill-child.ts FOLDER STEP before|after, in a site made by siteIn. */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Inbox, Installation, Journal } from '../../src/update/index.js';
import { dyingUpdate } from './dying.js';
import { FakeUnits } from './site.js';

const [folder = '', step = '', when] = process.argv.slice(2);
const installation = new Installation(join(folder, 'opt'));
const site = {
  folder,
  installation,
  journal: new Journal(installation.updates),
  inbox: new Inbox(join(folder, 'inbox')),
  units: new FakeUnits(installation),
  publicKey: join(folder, 'etc/update.pub'),
  privateKey: createPrivateKey(readFileSync(join(folder, 'etc/update.key'))),
  configuration: join(folder, 'etc/site.yaml'),
};
await dyingUpdate(site, { step, when: when === 'before' ? 'before' : 'after' }, async () => {
  process.kill(process.pid, 'SIGKILL');
  await new Promise(() => {});
});
