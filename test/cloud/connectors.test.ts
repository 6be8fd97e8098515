import { connectAwsSdk } from '../../src/things/aws-sdk.js';
import { connectMqtt } from '../../src/things/mqtt.js';
import { describeConnector } from '../contract/connector.js';

describeConnector('mqtt', connectMqtt);
describeConnector('aws-iot-device-sdk-v2', connectAwsSdk);
