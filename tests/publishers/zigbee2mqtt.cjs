// Zigbee2MQTT itself, from its registry, with a radio that is made of words: `zigbee2mqtt.cjs DATA HOST PORT`.
//
// Behind the radio are a bulb that does what it is told and a climate sensor that speaks when a line (centidegrees)
// comes in. All above the radio is genuine: the stack, the converters, the topics.

const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');

const [data, host, port] = process.argv.slice(2);
process.env.ZIGBEE2MQTT_DATA = data;

const { Adapter } = require('zigbee-herdsman/dist/adapter/adapter.js');
const { Zcl } = require('zigbee-herdsman');

const COORDINATOR = '0x00124b0012345678';
const BULB = { ieee: '0x000b57fffe111111', address: 0x1111 };
const CLIMATE = { ieee: '0x00158d0001222222', address: 0x2222 };

function endpoint(inputs, outputs = []) {
  const lists = { inClusterList: inputs, outClusterList: outputs };
  return { 1: { profId: 260, epId: 1, devId: 0, ...lists, clusters: {}, binds: [], configuredReportings: [], meta: {} } };
}

function row(id, type, { ieee, address }, more) {
  const done = { epList: [1], interviewCompleted: true, interviewState: 'SUCCESSFUL', meta: { configured: 1 } };
  return JSON.stringify({ id, type, ieeeAddr: ieee, nwkAddr: address, ...done, ...more });
}

// What an earlier run would have left: the devices have been interviewed.
fs.writeFileSync(
  path.join(data, 'database.db'),
  [
    row(1, 'Coordinator', { ieee: COORDINATOR, address: 0 }, { endpoints: endpoint([]) }),
    row(2, 'Router', BULB, {
      manufId: 4476,
      manufName: 'IKEA of Sweden',
      modelId: 'TRADFRI bulb E27 WS opal 980lm',
      powerSource: 'Mains (single phase)',
      swBuildId: '1.2.217',
      endpoints: endpoint([0, 3, 4, 5, 6, 8, 768, 4096], [25, 5]),
    }),
    row(3, 'EndDevice', CLIMATE, {
      manufId: 4151,
      manufName: 'LUMI',
      modelId: 'lumi.weather',
      powerSource: 'Battery',
      endpoints: endpoint([0, 1026, 1027, 1029]),
    }),
  ].join('\n') + '\n',
);
fs.writeFileSync(
  path.join(data, 'configuration.yaml'),
  [
    'version: 5',
    `mqtt: { base_topic: zigbee2mqtt, server: 'mqtt://${host}:${port}' }`,
    'serial: { port: /dev/null, adapter: ember }',
    'frontend: { enabled: false }',
    'homeassistant: { enabled: true }',
    'availability: { enabled: true }',
    'advanced:',
    '  log_output: [console]',
    '  log_level: warning',
    '  pan_id: 6754',
    '  channel: 11',
    '  network_key: [1, 3, 5, 7, 9, 11, 13, 15, 0, 2, 4, 6, 8, 10, 12, 13]',
    '  ext_pan_id: [221, 221, 221, 221, 221, 221, 221, 221]',
    'devices:',
    `  '${BULB.ieee}': { friendly_name: kitchen/bulb }`,
    `  '${CLIMATE.ieee}': { friendly_name: cellar }`,
    '',
  ].join('\n'),
);

const value = (cluster, attrId) =>
  cluster === 'genBasic' && attrId === 0
    ? { attrId, status: Zcl.Status.SUCCESS, dataType: Zcl.DataType.UINT8, attrData: 3 }
    : { attrId, status: Zcl.Status.UNSUPPORTED_ATTRIBUTE };

class Radio extends Adapter {
  start = async () => 'resumed';
  stop = async () => undefined;
  reset = async () => undefined;
  permitJoin = async () => undefined;
  addInstallCode = async () => undefined;
  supportsBackup = async () => false;
  getCoordinatorIEEE = async () => COORDINATOR;
  getCoordinatorVersion = async () => ({ type: 'words', meta: {} });
  getNetworkParameters = async () => ({ panID: 6754, extendedPanID: '0xdddddddddddddddd', channel: 11, nwkUpdateID: 0 });
  sendZdo = async () => [Zcl.Status.SUCCESS, { nwkAddress: 0 }];
  sendZclFrameToGroup = async () => undefined;
  sendZclFrameToAll = async () => undefined;
  waitFor = () => ({ promise: new Promise(() => undefined), cancel: () => undefined });

  /** A device answers each request as if it had been done, and knows of its attributes only its ZCL version. */
  async sendZclFrameToEndpoint(ieee, address, at, frame) {
    const { header, cluster } = frame;
    if (header.frameControl.frameType === Zcl.FrameType.SPECIFIC) console.log(`told ${ieee} ${cluster.name} ${frame.command.name}`);
    const read = header.isGlobal && frame.command.name === 'read';
    const answer = read
      ? this.frame(cluster.name, 'readRsp', frame.payload.map(({ attrId }) => value(cluster.name, attrId)), header)
      : this.frame(cluster.name, 'defaultRsp', { cmdId: frame.command.ID, statusCode: 0 }, header);
    return this.heard(address, answer);
  }

  frame(cluster, command, payload, { transactionSequenceNumber }) {
    const [global, back] = [Zcl.FrameType.GLOBAL, Zcl.Direction.SERVER_TO_CLIENT];
    return Zcl.Frame.create(global, back, true, undefined, transactionSequenceNumber, command, cluster, payload, {});
  }

  heard(address, frame) {
    const [endpoint, destinationEndpoint, linkquality, groupID, wasBroadcast] = [1, 1, 120, 0, false];
    const about = { address, endpoint, destinationEndpoint, linkquality, groupID, wasBroadcast };
    return { clusterID: frame.cluster.ID, header: frame.header, data: frame.toBuffer(), ...about };
  }

  report({ address }, cluster, dataType, attrData) {
    const report = [{ attrId: 0, dataType, attrData }];
    this.emit('zclPayload', this.heard(address, this.frame(cluster, 'report', report, { transactionSequenceNumber: 1 })));
  }
}

let radio;
Adapter.create = async (...options) => (radio = new Radio(...options));

(async () => {
  const { Controller } = await import('zigbee2mqtt/dist/controller.js');
  const controller = new Controller(async () => undefined, async (code) => process.exit(code));
  await controller.start();
  radio.report(BULB, 'genOnOff', Zcl.DataType.BOOLEAN, 0);
  console.log('ready');
  for await (const line of readline.createInterface({ input: process.stdin })) {
    radio.report(CLIMATE, 'msTemperatureMeasurement', Zcl.DataType.INT16, Number(line));
  }
  await controller.stop(false);
})();
