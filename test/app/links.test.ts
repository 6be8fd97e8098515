import { expect, it } from 'vitest';
import { SILENT, SystemClock } from '../../hal/index.js';
import { linkOf } from '../../src/app/links.js';
import type { Config } from '../../src/config/model.js';
import { CoreFinder } from '../../src/mdns/index.js';
import { statePaths } from '../../src/state-dir.js';
import { temporaryFolder } from '../support/folder.js';

it('a thing without files, and a machine without any core, say what is missing', async () => {
  const folder = await temporaryFolder();
  const connect = {
    discovery: { host: 'core.local', port: 8443, ca: `${folder}/root.ca.pem` },
    certificates: folder,
  };
  const finder = new CoreFinder({ socket: {}, clock: new SystemClock(), log: SILENT });
  const sources = { paths: statePaths(folder), log: SILENT, identity: undefined, finder, mqttPort: () => 0 };
  const remote = linkOf('A', { ...sources, config: { connect } as unknown as Config });
  await expect(remote.credentials()).rejects.toMatchObject({
    code: 'THING_CREDENTIALS',
    message: expect.stringContaining(`${folder}/A.cert.pem`),
  });
  expect(() => linkOf('A', { ...sources, config: {} as Config })).toThrow(
    expect.objectContaining({ code: 'THING_DISCOVERY' }),
  );
});
