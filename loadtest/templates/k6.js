// {{ headline }}
//
//   k6 run --out json=points.json -e BASE_URL=http://127.0.0.1:3000 setups.js
//   loadtest analyze points.json
//
// BASE_URL   the application's URL [{{ base_url }}]
// START_AT   the release of the first burst, in milliseconds since 1970, the same for all machines that take part
//            [after the answers to the solo requests]
// SOLO       0 skips the solo requests; `loadtest analyze` then needs --service-ms, the latencies of requests alone
//
// Each request has its own virtual user. The user opens its connection with a path that no component serves, waits for
// the release of its burst, and sends the request. k6's timing is precise to about a millisecond.
import http from 'k6/http';
import exec from 'k6/execution';
import { sleep } from 'k6';
import { Counter } from 'k6/metrics';

const base = (__ENV.BASE_URL || '{{ base_url }}').replace(/\/+$/, '');

// The bursts. Times are in milliseconds; `release` counts from the release of the first burst.
const bursts = {{ bursts }};

// The time before its release at which a burst's users start to connect.
const lead = 2000;
// The time limit of all solo requests.
const solo = {{ solo_ms }};
// The most solo requests to an endpoint. No further one is sent if it would end later than this.
const most = {{ most_solos }};
const soloTime = {{ solo_time_ms }};
// If a solo request takes this long, it is the only one: the endpoint's wait is known.
const enough = {{ enough_ms }};

// The content of the replies, which `loadtest analyze` assigns to the requests.
const replies = new Counter('{{ reply }}');

export const options = {
  systemTags: ['proto', 'status', 'method', 'url', 'name', 'error', 'error_code', 'scenario', 'vu', 'iter'],
  setupTimeout: `${solo + 60000}ms`,
  scenarios: Object.fromEntries(bursts.map((burst, index) => [burst.name, {
    executor: 'per-vu-iterations',
    vus: burst.n,
    iterations: 1,
    startTime: `${burst.release}ms`,
    maxDuration: `${lead + burst.timeout + (__ENV.START_AT ? solo + 60000 : 0)}ms`,
    gracefulStop: '0s',
    exec: 'fire',
    env: { BURST: `${index}` },
  }])),
  thresholds: {{ thresholds }},
};
{% for sentence in unsupported %}// {{ sentence }}
{% endfor %}
const url = (burst) => `${base}${burst.path}`;
const timeout = (burst) => `${burst.timeout}ms`;

// Sends a warm-up request and solo requests to the endpoint of a burst, one after the other.
function measureAlone(burst) {
  http.get(`${base}${burst.warm_up}`, { tags: { phase: 'connect' } });
  const tags = { phase: 'solo', setup: burst.setup, endpoint: burst.endpoint };
  const begin = Date.now();
  for (let sent = 0, last = 0; sent < most && last < enough && Date.now() - begin + last <= soloTime; sent += 1) {
    const answer = http.get(url(burst), { tags, timeout: timeout(burst) });
    if (answer.status < 200 || answer.status > 299) {
      if (sent > 0) break;
      exec.test.abort(`${url(burst)}: the solo request got status ${answer.status}`);
    }
    last = answer.timings.duration;
  }
}

// Measures each endpoint alone, then sets the release of the first burst.
export function setup() {
  const done = {};
  for (const burst of bursts) {
    if (__ENV.SOLO !== '0' && !done[burst.path]) {
      done[burst.path] = true;
      measureAlone(burst);
    }
  }
  return { start: Number(__ENV.START_AT) || Date.now() + lead };
}

export function fire(data) {
  const burst = bursts[Number(__ENV.BURST)];
  const release = data.start + burst.release;
  http.get(`${base}/.well-known/spin/health`, { tags: { phase: 'connect' }, responseCallback: null });

  const due = release + exec.scenario.iterationInTest * burst.spacing;
  sleep(Math.max(0, due - Date.now()) / 1000);

  const tags = {
    phase: 'burst', setup: burst.setup, endpoint: burst.endpoint,
    n: `${burst.n}`, start_ms: `${release}`, spacing_ms: `${burst.spacing}`,
  };
  const answer = http.get(url(burst), { tags, timeout: timeout(burst) });
  if (answer.status === 200 && answer.body && answer.body.length < 4096) {
    exec.vu.metrics.metadata.reply = answer.body;
    replies.add(1, { setup: burst.setup, endpoint: burst.endpoint, url: url(burst) });
    delete exec.vu.metrics.metadata.reply;
  }
}
