import { randomUUID } from 'node:crypto';
import type { Connection } from '../connection.js';
import type { ConnectAttempt, QoS } from '../contract.js';
import { ProtocolError } from '../errors.js';
import { AliasTable } from '../packets/alias.js';
import { type CheckedConnect, checkConnect } from '../packets/check.js';
import type { ConnackProperties, ConnectPacket } from '../packets/codec.js';
import { NONE } from '../packets/properties.js';
import { Reason } from '../packets/reason.js';
import type { BrokerState } from '../state.js';
import type { Will } from '../wills.js';

/** CONNECT (3.1): from a stream to a client with a session, or to a refusal. */
export function onConnect(state: BrokerState, connection: Connection, frame: Buffer, start: number): void {
  const checked = checkConnect(frame, start, frame.length);
  const { version } = checked;
  connection.version = version;
  const packet = state.codec.decode<ConnectPacket>(frame, version);
  const properties = packet.properties ?? {};
  connection.explain = flag(properties.requestProblemInformation) ?? true;
  connection.maximumPacketSize = properties.maximumPacketSize ?? Number.POSITIVE_INFINITY;
  const attempt: ConnectAttempt = {
    peer: connection.peer,
    clientId: packet.clientId,
    protocolVersion: version,
    username: packet.username,
    password: packet.password,
  };
  connection.attempt = attempt;
  const clean = packet.clean === true;
  admit(state, packet, attempt, clean);
  const will = willOf(state, packet, checked);
  const assigned = packet.clientId === '' ? `auto-${randomUUID()}` : undefined;
  const clientId = assigned ?? packet.clientId;
  connection.clean = clean;
  connection.sendMaximum = Math.min(properties.receiveMaximum ?? 65_535, state.limits.maximumInflight);
  const aliases = Math.min(properties.topicAliasMaximum ?? 0, state.limits.topicAliasMaximum);
  if (aliases > 0) connection.aliasesOut = new AliasTable(aliases);
  const keepAlive = keepAliveOf(state, version, packet.keepalive ?? 0);
  // [MQTT-3.1.2-22]: one and a half times; a beat more, because beats are not aligned with packets
  connection.patience = keepAlive === 0 ? 0 : Math.ceil(keepAlive * 1.5) + 1;
  const asked =
    version === 5 ? (properties.sessionExpiryInterval ?? 0) : clean ? 0 : Number.POSITIVE_INFINITY;
  const expiryInterval = Math.min(asked, state.limits.maximumSessionExpiry);
  const { session, present, pending } = state.sessions.open(connection, {
    clientId,
    clean,
    expiryInterval,
    will,
  });
  connection.session = session;
  const connack = state.codec.connack(
    version,
    Reason.success,
    present,
    version === 5 ? announcements(state, { assigned, asked, expiryInterval, keepAlive, packet }) : undefined,
  );
  const welcome = (error: Error | undefined): void => {
    if (connection.closed) return;
    if (error) {
      connection.refuseSession(present, error.message);
      return;
    }
    // [MQTT-3.2.0-1]: before any other packet
    connection.send(connack);
    connection.welcomed = true;
    const { peer } = connection;
    state.log.info(
      { clientId, peer: peer.address, protocolVersion: version, clean },
      `${clientId} connected from ${peer.address}`,
    );
    state.events.emit('connected', { clientId, peer, protocolVersion: version, clean });
    if (pending) connection.proceed(() => session.resume());
    else session.resume();
  };
  if (!pending) {
    welcome(undefined);
    return;
  }
  connection.hold();
  state.journal.settle(welcome);
}

/** @throws {ProtocolError} when the client may not connect */
function admit(state: BrokerState, packet: ConnectPacket, attempt: ConnectAttempt, clean: boolean): void {
  const { limits } = state;
  // [MQTT-4.12.0-1]: no method is offered
  if (packet.properties?.authenticationMethod !== undefined) {
    throw new ProtocolError(Reason.badAuthenticationMethod, 'authentication methods are not offered');
  }
  // 3.1.1 [MQTT-3.1.3-8]
  if (attempt.clientId === '' && attempt.protocolVersion < 5 && (!clean || attempt.protocolVersion === 3)) {
    throw new ProtocolError(Reason.clientIdentifierNotValid, 'a kept session needs a client identifier');
  }
  if (Buffer.byteLength(attempt.clientId) > limits.maximumClientIdBytes) {
    throw new ProtocolError(
      Reason.clientIdentifierNotValid,
      `client identifier of more than ${limits.maximumClientIdBytes} bytes`,
    );
  }
  const decision = state.policy.connect(attempt);
  if (!decision.allowed) throw new ProtocolError(Reason.notAuthorized, decision.reason);
  if (state.sessions.size >= limits.maximumSessions && !state.sessions.get(attempt.clientId)) {
    throw new ProtocolError(Reason.serverBusy, `more than ${limits.maximumSessions} sessions`);
  }
}

function willOf(state: BrokerState, packet: ConnectPacket, checked: CheckedConnect): Will | undefined {
  const { will } = packet;
  if (will === undefined) return undefined;
  const qos = (will.qos ?? 0) as QoS;
  // [MQTT-3.2.2-12]
  if (qos > state.limits.maximumQoS) throw new ProtocolError(Reason.qosNotSupported, `will with QoS ${qos}`);
  return {
    topic: will.topic,
    payload: Buffer.from(will.payload),
    qos,
    retain: will.retain === true,
    properties: checked.version === 5 ? checked.willProperties : NONE,
    delay: will.properties?.willDelayInterval ?? 0,
    expiry: will.properties?.messageExpiryInterval,
  };
}

/** The server's own limit holds for MQTT 5 clients, which are told [MQTT-3.1.2-21]; 3.1.1 clients cannot be. */
function keepAliveOf(state: BrokerState, version: number, asked: number): number {
  const maximum = state.limits.maximumKeepAlive;
  if (version < 5 || maximum === 0) return asked;
  return asked === 0 ? maximum : Math.min(asked, maximum);
}

/** What CONNACK announces (3.2.2.3); what is left out has the value that the standard gives it. */
function announcements(
  state: BrokerState,
  session: {
    readonly assigned: string | undefined;
    readonly asked: number;
    readonly expiryInterval: number;
    readonly keepAlive: number;
    readonly packet: ConnectPacket;
  },
): ConnackProperties {
  const { limits } = state;
  const { assigned, asked, expiryInterval, keepAlive, packet } = session;
  return {
    receiveMaximum: limits.receiveMaximum,
    maximumPacketSize: limits.maximumPacketSize,
    topicAliasMaximum: limits.topicAliasMaximum,
    // [MQTT-3.2.2-9]: left out where it is 2
    ...(limits.maximumQoS < 2 && { maximumQoS: limits.maximumQoS }),
    ...(asked !== expiryInterval && { sessionExpiryInterval: expiryInterval }),
    // [MQTT-3.2.2-16]
    ...(assigned !== undefined && { assignedClientIdentifier: assigned }),
    ...(keepAlive !== (packet.keepalive ?? 0) && { serverKeepAlive: keepAlive }),
  };
}

function flag(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}
