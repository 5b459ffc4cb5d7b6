// Development server for the dashboard without a hub: serves the built files with the hub's security policy, /api/live from
// payload files, and the REST paths that the dashboard uses. Not part of the product.
//
//   node dev/server.mjs [--port 8765] [--devices N] [--rate M] [--token SECRET] [--empty]
//
// --devices N generates N devices instead of using the payload files; --rate M is the total of messages per second.
// POST /dev/cut?seconds=30 ends every socket and refuses new ones; POST /dev/alert raises one more alert.

import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { parseArgs } from 'node:util';
import { WebSocketServer } from 'ws';
import { crowd, Drift, liveMessages } from './fleet.mjs';
import { createRest } from './rest.mjs';

const { values: options } = parseArgs({
  options: {
    port: { type: 'string', default: '8765' },
    devices: { type: 'string', default: '0' },
    rate: { type: 'string', default: '0' },
    token: { type: 'string', default: '' },
    empty: { type: 'boolean', default: false },
  },
});
const ROOT = new URL('../../hub/_web', import.meta.url).pathname;
const FRAME_MS = 250;
const POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
  "font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2', '.png': 'image/png' }; // prettier-ignore

const [first, alerts, stats] = liveMessages();
const count = Number(options.devices);
const snapshot = count > 0 ? crowd(count) : first;
if (options.empty) {
  for (const column of Object.values(snapshot.devices)) column.length = 0;
  snapshot.metrics = {};
}
const open = new Map((count || options.empty ? [] : alerts.items).map((alert) => [alert.id, alert]));
const drift = new Drift(snapshot);
const rate = Number(options.rate) || Math.min(2000, Math.max(20, snapshot.devices.i.length));
const clients = new Set();
let cutUntil = 0;

const say = (message) => {
  const text = JSON.stringify(message);
  for (const client of clients) if (client.greeted) client.socket.send(text);
};
/** Figures are sent to visible pages only, as by the hub. */
const sayStats = () => {
  const text = JSON.stringify(statsNow());
  for (const client of clients) if (client.greeted && !client.hidden) client.socket.send(text);
};
const rest = createRest({ snapshot, drift, open, say, token: options.token, cut });

function cut(seconds) {
  cutUntil = Date.now() + seconds * 1000;
  for (const { socket } of clients) socket.terminate();
}

function serveFile(request, response) {
  const path = normalize(decodeURIComponent(new URL(request.url, 'http://x').pathname));
  let file = join(ROOT, path);
  if (!file.startsWith(ROOT) || !existsSync(file) || !statSync(file).isFile()) {
    if (extname(path) && !path.startsWith('/d/')) return response.writeHead(404).end();
    file = join(ROOT, 'index.html');
  }
  response.writeHead(200, {
    'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
  });
  createReadStream(file).pipe(response);
}

const server = createServer((request, response) => {
  if (!request.url.startsWith('/dev/') && Date.now() < cutUntil) return request.socket.destroy();
  void rest(request, response).then((answered) => answered || serveFile(request, response));
});

const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
server.on('upgrade', (request, socket, head) => {
  if (Date.now() < cutUntil) return socket.destroy();
  sockets.handleUpgrade(request, socket, head, (ws) => {
    if (options.token && !request.headers.cookie?.includes(`token=${options.token}`)) return ws.close(4401);
    accept(ws);
  });
});

function accept(socket) {
  const client = { socket, greeted: false, hidden: false, behind: false, sent: 0, acked: 0 };
  clients.add(client);
  socket.on('close', () => clients.delete(client));
  socket.on('message', (data) => {
    const message = JSON.parse(data);
    if (message.type === 'hello') greet(client, message);
    else if (message.type === 'ping') socket.send(JSON.stringify({ type: 'pong', ts: message.ts }));
    else if (message.type === 'ack') client.acked = message.seq;
    else if (message.type === 'hidden') client.hidden = message.hidden;
  });
}

function greet(client, hello) {
  client.greeted = true;
  if (hello.epoch === snapshot.epoch) {
    client.socket.send(JSON.stringify({ type: 'resumed', epoch: snapshot.epoch, seq: snapshot.seq }));
    client.socket.send(JSON.stringify(drift.delta(drift.awake.length)));
  } else {
    if (hello.epoch) client.socket.send(JSON.stringify({ type: 'resync', reason: 'restart' }));
    client.socket.send(JSON.stringify({ ...snapshot, ts: Date.now() }));
  }
  const items = [...open.values()].filter((alert) => alert.state !== 'cleared');
  client.socket.send(JSON.stringify({ type: 'alerts', items }));
  client.socket.send(JSON.stringify(statsNow()));
}

function statsNow() {
  const tally = [0, 0, 0];
  for (const presence of snapshot.devices.presence) tally[presence]++;
  const items = [...open.values()].filter((alert) => alert.state !== 'cleared');
  return {
    ...stats,
    ts: Date.now(),
    devices: snapshot.devices.i.length,
    online: tally[0],
    stale: tally[1],
    offline: tally[2],
    open_alerts: items.length,
    critical: items.filter((alert) => alert.severity === 'critical').length,
    rate: Math.round(rate * (0.97 + Math.random() * 0.06)),
    last_minute: 60 * rate,
    cpu: 3 + Math.random() * 3,
  };
}

setInterval(() => {
  if (!clients.size || !drift.awake.length) return;
  const text = JSON.stringify(drift.delta(Math.max(1, Math.round((rate * FRAME_MS) / 1000))));
  // At most two unacknowledged frames, and one delta of everything after a pause, as the hub does.
  for (const client of clients) {
    if (!client.greeted) continue;
    if (client.hidden || client.sent > client.acked + 2) {
      client.behind = true;
      continue;
    }
    const frame = client.behind ? JSON.stringify(drift.delta(drift.awake.length)) : text;
    client.behind = false;
    client.sent = snapshot.seq;
    client.socket.send(frame);
  }
}, FRAME_MS);
setInterval(sayStats, 2000);

server.listen(Number(options.port), '127.0.0.1', () =>
  console.log(
    `http://127.0.0.1:${server.address().port}  ${snapshot.devices.i.length} devices, ${rate} messages/s`,
  ),
);
