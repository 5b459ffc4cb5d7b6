// REST API of the development server: enough of the hub's answers and errors to work on each page.
// Not part of the product.

import { history, payload } from './fleet.mjs';

const PRESENCE = ['online', 'stale', 'offline'];
const SEVERITY = ['ok', 'info', 'warning', 'critical'];
const CLEARED = payload('alerts-cleared');

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

const facts = (name) => ({ title: name, device_class: null, category: 'primary', rank: 200, hidden: false });

/** Return a dashboard of 200 tiles: most show a value, others a chart of three devices or a gauge. */
function crowdedDashboard(devices, metrics) {
  const names = Object.keys(metrics).filter((name) => typeof metrics[name].v[0] === 'number');
  const seriesOf = (n) => {
    const metric = names[n % names.length];
    const handle = metrics[metric].i[(n * 7) % metrics[metric].i.length];
    return { device_id: devices.id[devices.i.indexOf(handle)], metric, axis: 'left' };
  };
  const kinds = ['value', 'value', 'value', 'chart', 'value', 'value', 'value', 'gauge'];
  const tiles = Array.from({ length: 200 }, (_, n) => {
    const kind = kinds[n % kinds.length];
    const series = Array.from({ length: kind === 'chart' ? 3 : 1 }, (_, k) => seriesOf(n + k * names.length));
    const place = { id: `t${n}`, kind, x: (n % 4) * 3, y: Math.floor(n / 4) * 3, w: 3, h: 3 };
    const rest = { title: '', device_id: null, command: null, text: '', range: '1h', no_access: false };
    return { ...place, ...rest, series, minimum: 0, maximum: 100 };
  });
  const facts = { owner: null, mine: true, editable: false, shared: null, version: 1, updated_at: 0 };
  return { id: 'crowd', name: 'Crowd', ...facts, tile_count: tiles.length, tiles };
}

/** Return a handler that resolves to true when it has answered. */
export function createRest({ snapshot, drift, open, say, token, cut }) {
  const { devices } = snapshot;
  const limits = payload('limits');
  let raised = 0;

  const place = (id) => devices.id.indexOf(id);

  function device(k) {
    const handle = devices.i[k];
    const metrics = {};
    for (const [name, { i, v, u }] of Object.entries(snapshot.metrics)) {
      const at = i.indexOf(handle);
      if (at >= 0)
        metrics[name] = {
          ...facts(name),
          value: v[at],
          unit: u[at],
          ts: devices.seen[k],
          quality: 'good',
        };
    }
    return {
      id: devices.id[k], native_id: devices.id[k], name: devices.name[k], dialect: devices.dialect[k], area: devices.area[k],
      model: devices.model[k], manufacturer: devices.model[k] && 'Nordmaschinen', firmware: '2.4.1', labels: devices.labels[k], via: null,
      presence: PRESENCE[devices.presence[k]], last_seen: devices.seen[k], first_seen: Date.now() - 7e6, severity: SEVERITY[devices.severity[k]],
      metrics, metric_edits: {}, hints: [], info: devices.model[k] ? { model: devices.model[k], units: {}, commands: {} } : null, desired: {}, reported: {},
      alerts: [...open.values()].filter((alert) => alert.device_id === devices.id[k]), limits: limits[devices.model[k]] ?? [],
    }; // prettier-ignore
  }

  function past(id, metric, from, to, buckets) {
    const k = place(id);
    const handle = devices.i[k];
    const value = drift.value(handle, metric);
    if (value === undefined || typeof value === 'string')
      return { metric, unit: null, points: [], gaps: [], marks: [] };
    const column = snapshot.metrics[metric];
    const unit = column.u[column.i.indexOf(handle)];
    const troubled = [...open.values()].some((alert) => alert.device_id === id && alert.metric === metric);
    return {
      metric,
      unit,
      points: history(`${id} ${metric}`, value, troubled, from, to, buckets),
      gaps: [],
      marks: [],
    };
  }

  /** Return a normal range around the generated history of a healthy device. */
  function expected(id, metric, from, to) {
    const value = drift.value(devices.i[place(id)], metric);
    if (typeof value !== 'number') return { metric, unit: null, learnt_from: null, learnt_to: null, readings: 0, points: [] };
    const troubled = [...open.values()].some((alert) => alert.device_id === id && alert.metric === metric);
    const level = troubled ? value - Math.max(Math.abs(value) * 0.34, 1) : value;
    const reach = Math.max(Math.abs(value) * 0.03, 0.1);
    return { metric, unit: null, learnt_from: from, learnt_to: to, readings: 720, points: [from, to].map((ts) => [ts, level - reach, level + reach]) };
  } // prettier-ignore

  function messages(id) {
    const { metrics } = device(place(id));
    const payload = JSON.stringify(Object.fromEntries(Object.entries(metrics).map(([name, { value }]) => [name, value])));
    const one = { topic: `devices/${id}/telemetry`, qos: 1, retained: false, bytes: payload.length, payload, encoding: 'utf-8', cut: false };
    return { items: [0, 1, 2].map((k) => ({ ...one, received_at: Date.now() - k * 2000 })) };
  } // prettier-ignore

  function tell(k) {
    snapshot.seq++;
    const row = Object.fromEntries(Object.entries(devices).map(([name, column]) => [name, [column[k]]]));
    say({ type: 'delta', seq: snapshot.seq, ts: Date.now(), new: row });
  }

  function raise() {
    const alert = { ...[...open.values()][0], id: `al-new-${++raised}`, raised_at: Date.now(), state: 'raised', diagnosis: null, diagnosis_state: 'pending' }; // prettier-ignore
    open.set(alert.id, alert);
    say({ type: 'alert', alert });
    return alert;
  }

  function log(query) {
    const [kind, id] = [query.get('kind'), query.get('device_id')];
    const { items } = payload('activity');
    return { items: items.filter((line) => (!kind || line.kind === kind) && (!id || line.device_id === id)), next: null };
  } // prettier-ignore

  const routes = [
    ['GET', /^\/api\/session$/, () => ({ auth: token ? 'token' : 'open', authenticated: true })],
    ['GET', /^\/api\/(status|rules|rejected)$/, ([name]) => payload(name)],
    ['GET', /^\/api\/activity$/, (_path, query) => log(query)],
    ['GET', /^\/api\/rules\/text$/, () => payload('rules-text')],
    ['POST', /^\/api\/rules\/check$/, () => ({ items: payload('rules').items, problem: null })],
    [
      'POST',
      /^\/api\/rules\/preview$/,
      (_path, _query, { id }) => {
        const rule = payload('rules').items.find((each) => each.id === id) ?? payload('rules').items[0];
        return { text: `[[rule]]\nid = "${rule.id}"`, rule, problem: null, devices: 6 };
      },
    ],
    ['PUT', /^\/api\/rules$/, (_path, _query, body) => ({ text: body.text, revision: 'dev' })],
    ['GET', /^\/api\/(topics|credentials)$/, ([name]) => payload(name)],
    ['GET', /^\/api\/conversations$/, () => ({ items: [] })],
    ['GET', /^\/api\/topics\/last$/, () => payload('topics-last')],
    ['GET', /^\/api\/mappings\/text$/, () => payload('mappings-text')],
    ['POST', /^\/api\/mappings\/(check|preview)$/, ([name]) => payload(`mappings-${name}`)],
    ['PUT', /^\/api\/mappings$/, (_path, _query, body) => ({ text: body.text, revision: 'dev' })],
    ['GET', /^\/api\/credentials\/([^/]+)\/line$/, () => ({ line: payload('credentials-issued').line })],
    ['POST', /^\/api\/credentials$/, () => payload('credentials-issued')],
    ['DELETE', /^\/api\/credentials\/([^/]+)$/, () => ({ told: true })],
    ['PATCH', /^\/api\/devices\/([^/]+)\/desired$/, ([id], _query, body) => ({ ...device(place(id)), desired: body, differs: {} })],
    ['GET', /^\/api\/devices\/([^/]+)$/, ([id]) => (place(id) < 0 ? 404 : device(place(id)))],
    ['PATCH', /^\/api\/devices\/([^/]+)$/, ([id], _query, body) => {
      const k = place(id);
      for (const key of ['name', 'area', 'labels']) if (key in body) devices[key][k] = body[key];
      tell(k);
      return device(k);
    }],
    ['DELETE', /^\/api\/devices\/([^/]+)$/, ([id]) => {
      snapshot.seq++;
      say({ type: 'delta', seq: snapshot.seq, ts: Date.now(), gone: [devices.i[place(id)]] });
      return 204;
    }],
    ['GET', /^\/api\/dashboards\/crowd$/, () => crowdedDashboard(devices, snapshot.metrics)],
    ['GET', /^\/api\/devices\/([^/]+)\/history$/, ([id], query) =>
      past(id, query.get('metric'), +query.get('from'), +query.get('to'), +query.get('buckets') || 300)],
    ['GET', /^\/api\/devices\/([^/]+)\/expected$/, ([id], query) => expected(id, query.get('metric'), +query.get('from'), +query.get('to'))],
    ['GET', /^\/api\/devices\/([^/]+)\/rules$/, () => payload('rules')],
    ['GET', /^\/api\/devices\/([^/]+)\/messages$/, ([id]) => messages(id)],
    ['POST', /^\/api\/history\/query$/, (_path, _query, body) => ({
      series: body.series.map((each) => ({ device_id: each.device_id, ...past(each.device_id, each.metric, body.from, body.to, body.buckets) })),
    })],
    ['GET', /^\/api\/alerts$/, (_path, query) => {
      const all = [...open.values(), ...CLEARED.items].filter((alert) => !query.get('device_id') || alert.device_id === query.get('device_id'));
      const state = query.get('state');
      return { items: all.filter((alert) => !state || (state === 'open' ? alert.state !== 'cleared' : alert.state === state)), next: null };
    }],
    ['GET', /^\/api\/alerts\/([^/]+)$/, ([id]) => open.get(id) ?? CLEARED.items.find((alert) => alert.id === id) ?? 404],
    ['POST', /^\/api\/alerts\/([^/]+)\/acknowledge$/, ([id], _query, body) => {
      const alert = { ...open.get(id), state: 'acknowledged', acknowledged_at: Date.now(), acknowledged_by: 'operator', note: body.note ?? null };
      open.set(id, alert);
      say({ type: 'alert', alert });
      return alert;
    }],
    ['POST', /^\/api\/devices\/([^/]+)\/diagnose$/, async ([id]) => {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const known = [...open.values()].find((alert) => alert.diagnosis)?.diagnosis;
      return { ...known, id: `dg-now-${Date.now()}`, device_id: id, created_at: Date.now() };
    }],
    ['GET', /^\/api\/analyses$/, () => ({ items: [payload('analysis')], next: null })],
    ['POST', /^\/dev\/cut$/, (_path, query) => (cut(+query.get('seconds') || 5), 204)],
    ['POST', /^\/dev\/alert$/, () => raise()],
  ]; // prettier-ignore

  /** Stream a turn of a conversation as JSON lines: the text, then the extras. */
  async function turn(request, response) {
    await bodyOf(request);
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    const say = (line) => response.destroyed || response.write(`${JSON.stringify(line)}\n`);
    const { text, extras } = payload('turn');
    for (const extra of extras.filter(({ type }) => type === 'step')) say(extra);
    for (const word of text.split(/(?<=\s)/)) {
      say({ type: 'text', text: word });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    for (const extra of extras.filter(({ type }) => type !== 'step')) say(extra);
    say({ type: 'done', provider: 'openai', model: 'made-up', generative: true, tokens_used: 9 });
    response.end();
  }

  /** Stream the progress of an analysis, then the same result for every file. */
  async function analyse(request, response) {
    await bodyOf(request);
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    for (const stage of ['waiting', 'measuring', 'reading text']) {
      response.write(`${JSON.stringify({ type: 'progress', stage, done: 0, of: 1 })}\n`);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    const analysis = { ...payload('analysis'), id: `a-${Date.now()}`, created_at: Date.now() };
    response.end(`${JSON.stringify({ type: 'done', analysis })}\n`);
  }

  async function chat(request, response) {
    const { question } = JSON.parse(await bodyOf(request));
    if (question.length < 10) return response.writeHead(422).end();
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
    for (const word of payload('answer').text.split(/(?<=\s)/)) {
      if (response.destroyed) return;
      response.write(word);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    response.end();
  }

  return async (request, response) => {
    const url = new URL(request.url, 'http://localhost');
    if (url.pathname === '/login' && request.method === 'POST') {
      const right = JSON.parse(await bodyOf(request)).token === token;
      response.writeHead(
        right ? 204 : 401,
        right ? { 'set-cookie': `token=${token}; HttpOnly; SameSite=Strict; Path=/` } : {},
      );
      response.end();
      return true;
    }
    const isApi = url.pathname.startsWith('/api/');
    if (isApi && token && !request.headers.cookie?.includes(`token=${token}`)) {
      response.writeHead(401, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { code: 'unauthorized', message: 'Log in first.', hint: null } }));
      return true;
    }
    if (/^\/api\/conversations\/[^/]+\/turns$/.test(url.pathname))
      return turn(request, response).then(() => true);
    if (url.pathname.startsWith('/analyze/')) return analyse(request, response).then(() => true);
    if (url.pathname === '/ai/stream') return chat(request, response).then(() => true);
    for (const [method, pattern, answer] of routes) {
      const match = method === request.method && pattern.exec(url.pathname);
      if (!match) continue;
      const raw = method === 'GET' ? null : await bodyOf(request);
      const isJson = request.headers['content-type']?.startsWith('application/json');
      const result = await answer(
        match.slice(1).map(decodeURIComponent),
        url.searchParams,
        isJson && raw.length ? JSON.parse(raw) : {},
      );
      if (typeof result === 'number') {
        response.writeHead(result, { 'content-type': 'application/json' });
        response.end(
          result === 204
            ? undefined
            : JSON.stringify({
                error: {
                  code: 'not_found',
                  message: 'There is nothing by that name.',
                  hint: null,
                },
              }),
        );
      } else {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(result));
      }
      return true;
    }
    if (!isApi) return false;
    response.writeHead(404, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({
        error: {
          code: 'not_found',
          message: 'The development server does not have this path.',
          hint: null,
        },
      }),
    );
    return true;
  };
}
