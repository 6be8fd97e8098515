/** The crossing with every port free to choose and its steps short. */
export const FAST_CROSSING = `
version: 1
group: { name: crossing }
hal: { driver: mock }
core:
  mqtt: { host: 127.0.0.1, port: 0 }
  discovery: { host: 127.0.0.1, port: 0 }
things:
  - { name: GG_TrafficLight, role: traffic-light, lines: { red: GPIO17, yellow: GPIO27, green: GPIO22 } }
  - { name: GG_Switch, role: light-controller, controls: GG_TrafficLight, sequence: [G, Y, R], every: 40ms }
  - { name: HelloWorld_Publisher, role: publisher, topic: hello/world/pubsub, to: [HelloWorld_Subscriber], every: 50ms }
  - { name: HelloWorld_Subscriber, role: subscriber, topic: hello/world/pubsub, from: HelloWorld_Publisher }
functions:
  - { name: GG_Car_Aggregator, builtin: car-aggregator, watch: GG_TrafficLight, batchEvery: 3 }
`;
