/** The datagram that sd_notify(3) is, sent through the C library. */
import { constants } from 'node:os';
import { errnoName, type Ffi, loadFfi } from '../../hal/ffi.js';
import { messageOf } from '../../hal/index.js';
import { NotifyError } from './errors.js';

const AF_UNIX = 1;
// values of Linux on x86-64 and Arm alike
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const MSG_NOSIGNAL = 0x4000;
/** sun_path holds 108 bytes (unix(7)). */
const PATH_LIMIT = 108;

/** The way to the service manager. */
export interface Notifier {
  /**
   * Sends assignments such as `READY=1`, one datagram. Never waits.
   * @returns why it was not sent; undefined when it was
   */
  send(state: Readonly<Record<string, string>>): string | undefined;
  /** Idempotent. */
  close(): void;
}

/**
 * The notifier of this process; undefined where no service manager listens (`NOTIFY_SOCKET` is not set).
 * @throws {NotifyError} NOTIFY_UNAVAILABLE when one listens and cannot be spoken to
 */
export async function openNotifier(
  env: Readonly<Record<string, string | undefined>>,
  load: () => Promise<Ffi> = loadFfi,
): Promise<Notifier | undefined> {
  const path = env.NOTIFY_SOCKET;
  if (path === undefined || path === '') return undefined;
  const address = socketAddress(path);
  let ffi: Ffi;
  try {
    ffi = await load();
  } catch (cause) {
    throw new NotifyError('NOTIFY_UNAVAILABLE', `systemd cannot be notified: ${messageOf(cause)}`, { cause });
  }
  const socket = ffi.cFunction('int socket(int, int, int)');
  // the result is a short length: int reads it rightly on 32 and 64 bits
  const sendto = ffi.cFunction('int sendto(int, void*, size_t, int, void*, unsigned int)');
  const closeFd = ffi.cFunction('int close(int)');
  let fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) as number;
  if (fd === -1)
    throw new NotifyError(
      'NOTIFY_UNAVAILABLE',
      `systemd cannot be notified: no unix socket (${errnoName(ffi.errno())}); let RestrictAddressFamilies have AF_UNIX`,
    );
  return {
    send: (state) => {
      if (fd === -1) return 'the notifier is closed';
      const text = Object.entries(state)
        .map(([key, value]) => `${key}=${value.replaceAll('\n', ' ')}`)
        .join('\n');
      const bytes = Buffer.from(text);
      const sent = sendto(fd, bytes, bytes.length, MSG_NOSIGNAL, address, address.length) as number;
      if (sent !== -1) return undefined;
      const errno = ffi.errno();
      return errno === constants.errno.EAGAIN ? 'systemd reads too slowly' : errnoName(errno);
    },
    close: () => {
      if (fd !== -1) closeFd(fd);
      fd = -1;
    },
  };
}

/** struct sockaddr_un; a name that begins with @ is in the abstract namespace. */
function socketAddress(path: string): Buffer {
  const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : `${path}\0`);
  if (!/^[@/]/.test(path) || name.length > PATH_LIMIT)
    throw new NotifyError(
      'NOTIFY_UNAVAILABLE',
      `NOTIFY_SOCKET=${path} is no socket's name: a path or @name of fewer than ${PATH_LIMIT} bytes`,
    );
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX);
  return Buffer.concat([family, name]);
}
