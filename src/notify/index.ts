export { NotifyError, type NotifyErrorCode } from './errors.js';
export { type Notifier, openNotifier } from './socket.js';
export { ServiceManager, type ServiceManagerOptions } from './watch.js';
