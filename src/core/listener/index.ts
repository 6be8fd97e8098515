/** Listeners: what other parts import. */
export { TlsListener, type TlsListenerEvents, type TlsListenerOptions } from './tls.js';
