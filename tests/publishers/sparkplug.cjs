// A Sparkplug edge node by Eclipse Tahu's own client: `sparkplug.cjs HOST PORT`. It has one device, a press, whose lamp
// does what it is told, and is born again when a host asks. Its end of the standard input is a death.

const { newClient } = require('sparkplug-client');

const [host, port] = process.argv.slice(2);
let lamp = false;
const client = newClient({
  serverUrl: `mqtt://${host}:${port}`,
  username: '',
  password: '',
  groupId: 'Plant',
  edgeNode: 'tahu',
  clientId: 'tahu-edge',
  publishDeath: true,
  version: 'spBv1.0',
});

client.on('birth', () => {
  const rebirth = { name: 'Node Control/Rebirth', type: 'Boolean', value: false };
  const load = { name: 'Load', type: 'Double', value: 0.5, properties: { engUnit: { type: 'String', value: '%' } } };
  client.publishNodeBirth({ timestamp: Date.now(), metrics: [rebirth, load] });
  client.publishDeviceBirth('press', { timestamp: Date.now(), metrics: [switched(), force(2.5), strokes()] });
});

client.on('dcmd', (device, { metrics }) => {
  lamp = metrics.find(({ name }) => name === 'Outputs/Lamp').value;
  console.log(`told ${device} ${lamp}`);
  client.publishDeviceData(device, { timestamp: Date.now(), metrics: [switched()] });
});

const switched = () => ({ name: 'Outputs/Lamp', type: 'Boolean', value: lamp });
const force = (value) => ({ name: 'Force', type: 'Float', value, properties: { engUnit: { type: 'String', value: 'kN' } } });
const strokes = () => ({ name: 'Strokes', type: 'Int64', value: -9 });

// Compressed, as this client can.
setInterval(() => client.publishDeviceData('press', { timestamp: Date.now(), metrics: [force(3.5)] }, { compress: true }), 300);
process.stdin.on('end', () => (client.stop(), setTimeout(() => process.exit(0), 300)));
process.stdin.resume();
