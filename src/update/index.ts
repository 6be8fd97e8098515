/** Another release of this application: checked, tried, switched to, watched, and taken back when it is not healthy. */
export {
  APPLIANCE,
  type ApplianceFolders,
  configurationsOf,
  flushFileSystem,
  freeBytes,
  type Instances,
  RunningInstances,
  stateFolderOf,
  type UnitConfiguration,
} from './appliance.js';
export { inspectArchive } from './archive.js';
export { UpdateError, type UpdateErrorCode } from './errors.js';
export { Inbox, type UpdateRequest } from './inbox.js';
export { Installation } from './installation.js';
export { Journal, PHASES, type Phase, type UpdateRecord, type UpdateState } from './journal.js';
export { makeKeys, readPrivateKey, readPublicKey, signStatement, verifiedStatement } from './keys.js';
export { ARCHIVE_LIMIT, digestOfFile, ownArchitecture, type Statement } from './statement.js';
export { type Trial, tryRelease } from './trial.js';
export { NO_UNITS, parseEnvironment, Systemd, type UnitLook, type Units } from './units.js';
export { type Asked, Updater, type UpdaterDeps, type UpdateSettings } from './updater.js';
