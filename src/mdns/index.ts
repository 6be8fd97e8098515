/** A core announced on the local network, and found there. See README.md. */
export { CoreAnnouncer, type CoreAnnouncerOptions } from './announcer.js';
export { CoreFinder, type CoreFinderOptions, type FoundCore } from './finder.js';
export type { CoreAnnouncement } from './records.js';
export type { MdnsOptions } from './socket.js';
