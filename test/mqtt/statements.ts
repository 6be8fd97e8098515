/**
 * The normative statements of MQTT 5.0 and 3.1.1, in short words of our own, one a line: `id text`, and behind ` ~ ` why
 * one that concerns a server needs no test. Statements that concern clients alone are only numbered.
 */
export const STATEMENTS_5 = `
1.5.4-1 strings are well-formed UTF-8
1.5.4-2 strings have no U+0000
1.5.4-3 U+FEFF is not stripped
1.5.5-1 variable byte integers take the fewest bytes
1.5.7-1 string pairs are strings
2.1.3-1 reserved flags have their value
2.2.1-2 PUBLISH with QoS 0 has no packet identifier
2.2.1-3 packet identifiers of a client are not zero
2.2.1-4 packet identifiers of the server are unused and not zero
2.2.1-5 acknowledgements carry the identifier of their PUBLISH
2.2.1-6 SUBACK and UNSUBACK carry the identifier of their request
2.2.2-1 no properties are a length of zero
3.1.0-1 the first packet is CONNECT
3.1.0-2 a second CONNECT is a protocol error
3.1.2-1 protocol name MQTT; another is refused and closed
3.1.2-2 another protocol version is refused and closed
3.1.2-3 the reserved flag of CONNECT is zero
3.1.2-4 Clean Start 1 discards the session
3.1.2-5 Clean Start 0 resumes the session
3.1.2-6 Clean Start 0 without a session begins one
3.1.2-7 the will is stored with the session
3.1.2-8 the will is published after the connection closed, unless deleted or in time again
3.1.2-9 a will flag comes with properties, topic and payload
3.1.2-10 the will is removed once published or after DISCONNECT 0x00
3.1.2-11 without a will its QoS is 0
3.1.2-12 will QoS is 0, 1 or 2
3.1.2-13 without a will its retain flag is 0
3.1.2-14 a will without retain is published so
3.1.2-15 a will with retain is published so
3.1.2-16 no user name flag, no user name
3.1.2-17 user name flag, user name
3.1.2-18 no password flag, no password
3.1.2-19 password flag, password
3.1.2-22 a silent client is closed after one and a half times the keep-alive
3.1.2-23 session state is stored while the session has not expired
3.1.2-24 no packet larger than the client's maximum
3.1.2-25 one that is too large is dropped as if sent
3.1.2-26 no alias above the client's maximum
3.1.2-27 no alias when the maximum is absent
3.1.2-28 no response information when not asked for
3.1.2-29 no reason string where problem information is not wanted
3.1.3-1 order of the payload's fields
3.1.3-2 the client identifier names the session
3.1.3-3 the client identifier is the first field
3.1.3-4 the client identifier is a string
3.1.3-5 1 to 23 letters and digits are accepted
3.1.3-6 an empty client identifier gets a unique one
3.1.3-7 it is returned as Assigned Client Identifier
3.1.3-8 a rejected identifier is 0x85 and closed
3.1.3-9 a will is not sent when the client is back within its delay
3.1.3-10 user properties of the will keep their order
3.1.3-11 the will topic is a string
3.1.3-12 the user name is a string
3.1.4-1 CONNECT is validated, else closed
3.1.4-2 further checks, else refused and closed
3.1.4-3 an earlier connection of the client identifier is closed with 0x8E
3.1.4-4 Clean Start is processed
3.1.4-5 CONNACK 0x00 acknowledges
3.1.4-6 after a refusal nothing else is processed
3.2.0-1 CONNACK before any other packet
3.2.0-2 one CONNACK per connection
3.2.2-1 reserved bits of the acknowledge flags are 0
3.2.2-2 Clean Start 1: Session Present 0
3.2.2-3 Clean Start 0: Session Present as it is
3.2.2-6 a refusal has Session Present 0
3.2.2-7 after a reason of 0x80 and more the connection is closed
3.2.2-8 CONNACK uses a reason code of its table
3.2.2-9 Maximum QoS is announced where it is below 2
3.2.2-10 SUBSCRIBE with any QoS is accepted all the same
3.2.2-12 a will above Maximum QoS is refused with 0x9B
3.2.2-13 a retained will is refused with 0x9A where retained messages are not supported ~ they always are
3.2.2-16 an assigned identifier is new
3.2.2-17 aliases of clients are bounded by what is announced
3.2.2-19 no reason string beyond the client's maximum packet size
3.2.2-20 no user properties beyond it
3.2.2-22 without Server Keep Alive the client's own value holds
3.3.1-1 DUP on a retransmission
3.3.1-2 DUP is 0 with QoS 0
3.3.1-3 DUP is not passed on
3.3.1-4 not both QoS bits
3.3.1-5 RETAIN replaces the topic's message
3.3.1-6 an empty payload removes it
3.3.1-7 an empty payload is not retained
3.3.1-8 without RETAIN nothing is kept or replaced
3.3.1-9 Retain Handling 0 sends retained messages
3.3.1-10 Retain Handling 1 sends them to a new subscription
3.3.1-11 Retain Handling 2 sends none
3.3.1-12 Retain As Published 0 clears RETAIN
3.3.1-13 Retain As Published 1 keeps RETAIN
3.3.2-1 the topic name is first, and a string
3.3.2-2 the topic name has no wildcards
3.3.2-3 what is delivered matches the filter
3.3.2-4 payload format indicator unaltered
3.3.2-5 an expired message is deleted before delivery begins
3.3.2-6 what is left of the expiry interval is passed on
3.3.2-7 aliases end with their connection
3.3.2-8 alias 0 is an error
3.3.2-9 an alias above the maximum is an error
3.3.2-11 no alias above the client's maximum
3.3.2-12 every alias up to the maximum is accepted
3.3.2-13 the response topic is a string
3.3.2-14 the response topic has no wildcards
3.3.2-15 response topic unaltered
3.3.2-16 correlation data unaltered
3.3.2-17 user properties unaltered
3.3.2-18 user properties in order
3.3.2-19 the content type is a string
3.3.2-20 content type unaltered
3.3.4-1 PUBLISH is answered as its QoS asks
3.3.4-2 overlapping subscriptions: the highest QoS
3.3.4-3 subscription identifiers are sent
3.3.4-4 one copy carries all of them
3.3.4-5 several copies carry one each
3.3.4-6 a client sends no subscription identifier
3.3.4-7 no more than Receive Maximum from the client
3.3.4-8 other packets are not held back by it
3.3.4-9 no more than Receive Maximum to the client
3.3.4-10 other packets are not held back by it
3.4.2-1 PUBACK uses a reason code of its table
3.4.2-2 no reason string beyond the maximum packet size
3.4.2-3 no user properties beyond it
3.5.2-1 PUBREC uses a reason code of its table
3.5.2-2 no reason string beyond the maximum packet size
3.5.2-3 no user properties beyond it
3.6.1-1 PUBREL has flags 0010
3.6.2-1 PUBREL uses a reason code of its table
3.6.2-2 no reason string beyond the maximum packet size ~ PUBREL is sent without one
3.6.2-3 no user properties beyond it ~ PUBREL is sent without any
3.7.2-1 PUBCOMP uses a reason code of its table
3.7.2-2 no reason string beyond the maximum packet size ~ PUBCOMP is sent without one
3.7.2-3 no user properties beyond it ~ PUBCOMP is sent without any
3.8.1-1 SUBSCRIBE has flags 0010
3.8.3-1 topic filters are strings
3.8.3-2 at least one filter
3.8.3-3 No Local
3.8.3-4 No Local on a shared subscription is an error
3.8.3-5 reserved subscription options are 0
3.8.4-1 SUBSCRIBE is answered with SUBACK
3.8.4-2 under its packet identifier
3.8.4-3 the same filter replaces the subscription
3.8.4-4 Retain Handling 0 sends retained messages again, nothing is lost
3.8.4-5 many filters count as many SUBSCRIBEs, answered once
3.8.4-6 a reason code for each filter
3.8.4-7 it is the granted QoS or a failure
3.8.4-8 messages come with the lower of both QoS
3.9.2-1 no reason string beyond the maximum packet size
3.9.2-2 no user properties beyond it
3.9.3-1 reason codes in order of the filters
3.9.3-2 SUBACK uses a reason code of its table
3.10.1-1 UNSUBSCRIBE has flags 0010
3.10.3-1 topic filters are strings
3.10.3-2 at least one filter
3.10.4-1 filters are compared character by character
3.10.4-2 no new messages after UNSUBSCRIBE
3.10.4-3 delivery that has begun is completed
3.10.4-4 UNSUBSCRIBE is answered with UNSUBACK
3.10.4-5 under its packet identifier, whatever was deleted
3.10.4-6 many filters count as many UNSUBSCRIBEs, answered once
3.11.2-1 no reason string beyond the maximum packet size ~ UNSUBACK is sent without one
3.11.2-2 no user properties beyond it ~ UNSUBACK is sent without any
3.11.3-1 reason codes in order of the filters
3.11.3-2 UNSUBACK uses a reason code of its table
3.12.4-1 PINGREQ is answered with PINGRESP
3.14.0-1 no DISCONNECT before CONNACK
3.14.1-1 reserved bits of DISCONNECT are 0, else 0x81
3.14.2-1 DISCONNECT uses a reason code of its table
3.14.2-2 the server sends no Session Expiry Interval
3.14.2-3 no reason string beyond the maximum packet size
3.14.2-4 no user properties beyond it
3.14.4-1 nothing is sent after DISCONNECT
3.14.4-2 the connection is closed after DISCONNECT
3.14.4-3 DISCONNECT 0x00 discards the will
3.15.1-1 AUTH has flags 0000
3.15.2-1 AUTH uses a reason code of its table ~ the server sends no AUTH
3.15.2-2 no reason string beyond the maximum packet size ~ the server sends no AUTH
3.15.2-3 no user properties beyond it ~ the server sends no AUTH
4.1.0-1 session state is kept while the connection is open
4.1.0-2 session state is discarded when it expires
4.2-1 a transport that is ordered and lossless
4.3.1-1 QoS 0 is sent with DUP 0
4.3.2-1 QoS 1: an unused packet identifier
4.3.2-2 QoS 1: first sent with DUP 0
4.3.2-3 QoS 1: unacknowledged until PUBACK
4.3.2-4 QoS 1: PUBACK with the identifier, having taken ownership
4.3.2-5 QoS 1: after PUBACK the identifier is a new message
4.3.3-1 QoS 2: an unused packet identifier
4.3.3-2 QoS 2: first sent with DUP 0
4.3.3-3 QoS 2: unacknowledged until PUBREC
4.3.3-4 QoS 2: PUBREL after PUBREC
4.3.3-5 QoS 2: PUBREL unacknowledged until PUBCOMP
4.3.3-6 QoS 2: no PUBLISH after PUBREL
4.3.3-7 QoS 2: no expiry once sent
4.3.3-8 QoS 2: PUBREC, having taken ownership
4.3.3-9 QoS 2: after a refusing PUBREC the identifier is a new message
4.3.3-10 QoS 2: until PUBREL the same identifier is the same message
4.3.3-11 QoS 2: PUBREL is answered with PUBCOMP
4.3.3-12 QoS 2: after PUBCOMP the identifier is a new message
4.3.3-13 QoS 2: the exchange goes on after expiry
4.4.0-1 unacknowledged PUBLISH and PUBREL are sent again when the session resumes, and at no other time
4.4.0-2 a refused PUBLISH is not sent again
4.5.0-1 a message is added to the sessions with matching subscriptions
4.6.0-1 retransmission in order
4.6.0-2 PUBACK in order
4.6.0-3 PUBREC in order
4.6.0-4 PUBREL in order
4.6.0-5 messages of one client in order
4.6.0-6 for every topic
4.7.0-1 no wildcards in topic names
4.7.1-1 # alone on the last level
4.7.1-2 + alone on its level
4.7.2-1 leading wildcards do not match $-topics
4.7.3-1 at least one character
4.7.3-2 no U+0000
4.7.3-3 at most 65,535 bytes ~ the length field has two bytes
4.7.3-4 no normalisation
4.8.2-1 $share/ and a name
4.8.2-2 the name has no / + #, and a filter follows
4.8.2-3 granted QoS is respected
4.8.2-4 QoS 2 is completed with the member chosen
4.8.2-5 and never moved to another
4.8.2-6 a refused message is not offered to another
4.9.0-1 the send quota begins at no more than Receive Maximum
4.9.0-2 at zero no PUBLISH is sent
4.9.0-3 everything else goes on
4.12.0-1 an unknown authentication method is refused with 0x8C and closed
4.12.0-2 AUTH 0x18 continues ~ no authentication method is offered
4.12.0-4 a rejected authentication is closed
4.12.0-5 the method is repeated ~ no authentication method is offered
4.12.0-6 without a method no AUTH and no method in CONNACK
4.12.0-7 without a method a client sends no AUTH
4.12.1-2 a failed re-authentication is closed ~ no authentication method is offered
4.13.1-1 malformed packets and protocol errors are closed
4.13.2-1 a reason of 0x80 and more closes the connection
6.0.0-1 WebSocket: binary frames only
6.0.0-2 WebSocket: packets are not aligned with frames
6.0.0-3 WebSocket: the client offers mqtt
6.0.0-4 WebSocket: the server selects mqtt
7.0.0-1 a server that connects to servers is a client, too ~ it does not
7.0.0-2 no extension is required
7.1.1-1 at least one transport
`;

export const CLIENTS_ALONE_5 =
  '3.1.2-20 3.1.2-21 3.1.2-30 3.2.2-4 3.2.2-5 3.2.2-11 3.2.2-14 3.2.2-15 3.2.2-18 3.2.2-21 3.3.2-10 4.5.0-2 4.12.0-3 4.12.1-1 7.1.2-1';

export const STATEMENTS_3 = `
1.5.3-1 strings are well-formed UTF-8
1.5.3-2 strings have no U+0000
1.5.3-3 U+FEFF is not stripped
2.2.2-1 reserved flags have their value
2.2.2-2 other flags close the connection
2.3.1-1 packet identifiers are not zero
2.3.1-4 the server's packet identifiers are unused until acknowledged
2.3.1-5 PUBLISH with QoS 0 has no packet identifier
2.3.1-6 acknowledgements carry the identifier of their PUBLISH
2.3.1-7 SUBACK and UNSUBACK carry the identifier of their request
3.1.0-1 the first packet is CONNECT
3.1.0-2 a second CONNECT closes the connection
3.1.2-1 another protocol name is not processed
3.1.2-2 another protocol level is answered with 0x01 and closed
3.1.2-3 the reserved flag of CONNECT is zero
3.1.2-4 CleanSession 0 resumes or begins a session that is stored
3.1.2-5 QoS 1 and 2 messages are stored while it is away
3.1.2-6 CleanSession 1 discards and begins anew
3.1.2.7 retained messages outlive sessions
3.1.2-8 the will is stored, and published unless DISCONNECT came
3.1.2-9 a will flag comes with topic and message
3.1.2-10 the will is removed once published or after DISCONNECT
3.1.2-11 without a will no will fields
3.1.2-12 without a will none is published
3.1.2-13 without a will its QoS is 0
3.1.2-14 will QoS is 0, 1 or 2
3.1.2-15 without a will its retain flag is 0
3.1.2-16 a will without retain is published so
3.1.2-17 a will with retain is published so
3.1.2-18 no user name flag, no user name
3.1.2-19 user name flag, user name
3.1.2-20 no password flag, no password
3.1.2-21 password flag, password
3.1.2-22 no user name, no password
3.1.2-24 a silent client is closed after one and a half times the keep-alive
3.1.3-1 order of the payload's fields
3.1.3-2 the client identifier names the session
3.1.3-3 the client identifier is the first field
3.1.3-4 the client identifier is a string
3.1.3-5 1 to 23 letters and digits are accepted
3.1.3-6 an empty client identifier gets a unique one
3.1.3-7 an empty client identifier needs CleanSession 1
3.1.3-8 else it is answered with 0x02 and closed
3.1.3-9 a rejected identifier is answered with 0x02 and closed
3.1.3-10 the will topic is a string
3.1.3-11 the user name is a string
3.1.4-1 a CONNECT that does not conform is closed without CONNACK
3.1.4-2 an earlier connection of the client identifier is closed
3.1.4-3 CleanSession is processed
3.1.4-4 CONNACK 0 acknowledges
3.1.4-5 after a refusal nothing else is processed
3.2.0-1 CONNACK before any other packet
3.2.2-1 CleanSession 1: Session Present 0
3.2.2-2 CleanSession 0 with a session: Session Present 1
3.2.2-3 CleanSession 0 without a session: Session Present 0
3.2.2-4 a refusal has Session Present 0
3.2.2-5 after a refusal the connection is closed
3.2.2-6 where no return code fits, closed without CONNACK
3.3.1-1 DUP on a retransmission
3.3.1-2 DUP is 0 with QoS 0
3.3.1-3 DUP is not passed on
3.3.1-4 not both QoS bits
3.3.1-5 RETAIN stores the message and its QoS
3.3.1-6 a new subscription gets it
3.3.1-7 QoS 0 with RETAIN discards the one before
3.3.1-8 it comes with RETAIN 1
3.3.1-9 to a standing subscription RETAIN is 0
3.3.1-10 an empty payload removes it
3.3.1-11 an empty payload is not retained
3.3.1-12 without RETAIN nothing is kept or replaced
3.3.2-1 the topic name is first, and a string
3.3.2-2 the topic name has no wildcards
3.3.2-3 what is delivered matches the filter
3.3.4-1 PUBLISH is answered as its QoS asks
3.3.5-1 overlapping subscriptions: the highest QoS
3.3.5-2 a PUBLISH that is not authorised is acknowledged or closed
3.6.1-1 PUBREL has flags 0010
3.8.1-1 SUBSCRIBE has flags 0010
3.8.3-1 topic filters are strings
3.8.3-2 wildcard filters are rejected where not supported ~ they are supported
3.8.3-3 at least one filter
3-8.3-4 reserved bits are 0 and QoS is 0, 1 or 2
3.8.4-1 SUBSCRIBE is answered with SUBACK
3.8.4-2 under its packet identifier
3.8.4-3 the same filter replaces the subscription
3.8.4-4 many filters count as many SUBSCRIBEs, answered once
3.8.4-5 a return code for each filter
3.8.4-6 messages come with the lower of both QoS
3.9.3-1 return codes in order of the filters
3.9.3-2 only 0, 1, 2 and 0x80
3.10.1-1 UNSUBSCRIBE has flags 0010
3.10.3-1 topic filters are strings
3.10.3-2 at least one filter
3.10.4-1 filters are compared character by character
3.10.4-2 no new messages after UNSUBSCRIBE
3.10.4-3 delivery that has begun is completed
3.10.4-4 UNSUBSCRIBE is answered with UNSUBACK
3.10.4-5 even where nothing was deleted
3.10.4-6 many filters count as many UNSUBSCRIBEs, answered once
3.12.4-1 PINGREQ is answered with PINGRESP
3.14.1-1 reserved bits of DISCONNECT are 0
3.14.4-3 DISCONNECT discards the will
4.1.0-1 session state is kept while the connection is open
4.1.0-2 a kept session lasts as the server says
4.3.1-1 QoS 0 is sent with DUP 0
4.3.2-1 QoS 1 as a sender
4.3.2-2 QoS 1 as a receiver
4.3.3-1 QoS 2 as a sender
4.3.3-2 QoS 2 as a receiver
4.4.0-1 unacknowledged PUBLISH and PUBREL are sent again on reconnect
4.5.0-1 a message is added to the sessions with matching subscriptions
4.6.0-1 retransmission in order
4.6.0-2 PUBACK in order
4.6.0-3 PUBREC in order
4.6.0-4 PUBREL in order
4.6.0-5 every topic is ordered by default
4.6.0-6 messages of one client in order
4.7.1-1 no wildcards in topic names
4.7.1-2 # alone on the last level
4.7.1-3 + alone on its level
4.7.2-1 leading wildcards do not match $-topics
4.7.3-1 at least one character
4.7.3-2 no U+0000
4.7.3-3 at most 65,535 bytes ~ the length field has two bytes
4.7.3-4 no normalisation
4.8.0-1 a protocol violation closes the connection
4.8.0-2 a transient error closes the connection of the packet ~ the server has none short of a failing store, which is tested
6.0.0-1 WebSocket: binary frames only
6.0.0-2 WebSocket: packets are not aligned with frames
6.0.0-3 WebSocket: the client offers mqtt
6.0.0-4 WebSocket: the server selects mqtt
7.0.0-1 a server that connects to servers is a client, too ~ it does not
7.0.0-2 no extension is required
7.1.1-1 at least one transport
`;

export const CLIENTS_ALONE_3 = '2.3.1-2 2.3.1-3 3.1.2-23 3.14.4-1 3.14.4-2 4.5.0-2 7.1.2-1';
