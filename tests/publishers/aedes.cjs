// Aedes, a broker as others embed it: `aedes.cjs PORT REFUSAL FILTER...`. It asks for the password "secret". The user
// "hub" may subscribe only to the filters given, if there are any: for others it answers 128 (REFUSAL "answer"), or
// closes the connection ("close").

const net = require('node:net');
const { Aedes } = require('aedes');

const [port, refusal, ...granted] = process.argv.slice(2);

async function main() {
  const broker = await Aedes.createBroker({
    authenticate: (client, username, password, done) => {
      client.username = username;
      done(null, String(password) === 'secret');
    },
    authorizeSubscribe: (client, subscription, done) => {
      if (client.username !== 'hub' || !granted.length || granted.includes(subscription.topic)) return done(null, subscription);
      return refusal === 'close' ? done(new Error(`no right to ${subscription.topic}`)) : done(null, null);
    },
  });
  net.createServer(broker.handle).listen(Number(port), '127.0.0.1', () => console.log('ready'));
}

main();
