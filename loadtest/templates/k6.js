// {{ headline }}
//
//   k6 run --out json=points.json -e BASE_URL=http://127.0.0.1:3000 setups.js
//   loadtest analyze points.json
//
// BASE_URL   where the application is served [{{ base_url }}]
// START_AT   when the first burst is released, in milliseconds since 1970: the same for all machines that take part
//            [as soon as the requests alone are answered]
// SOLO       0 sends no request alone: `loadtest analyze --service-ms` must then be told what one takes
//
// Each request is an iteration of a virtual user of its own. The user opens its connection at a path that no component
// serves, waits until its burst is released, and sends. k6's clock is good to about a millisecond there.
import http from 'k6/http';
import exec from 'k6/execution';
import { sleep } from 'k6';
import { Counter } from 'k6/metrics';

const base = (__ENV.BASE_URL || '{{ base_url }}').replace(/\/+$/, '');

// The bursts. Times are in milliseconds; `release` counts from the first burst's.
const bursts = {{ bursts }};

// How long before its release a burst's users begin to connect.
const lead = 2000;
// How long the requests alone may take, one after the other.
const solo = {{ solo_ms }};

// What a reply says: `loadtest analyze` finds it beside the request.
const replies = new Counter('{{ reply }}');

export const options = {
  systemTags: ['proto', 'status', 'method', 'url', 'name', 'error', 'error_code', 'scenario', 'vu', 'iter'],
  setupTimeout: `${solo + 60000}ms`,
  scenarios: Object.fromEntries(bursts.map((burst, index) => [burst.name, {
    executor: 'per-vu-iterations',
    vus: burst.n,
    iterations: 1,
    startTime: `${burst.release}ms`,
    maxDuration: `${lead + burst.longest + (__ENV.START_AT ? solo + 60000 : 0)}ms`,
    gracefulStop: '0s',
    exec: 'fire',
    env: { BURST: `${index}` },
  }])),
  thresholds: {{ thresholds }},
};
{% for sentence in unsaid %}// {{ sentence }}
{% endfor %}
const url = (burst) => `${base}${burst.path}`;
const timeout = (burst) => `${burst.longest}ms`;

// One request alone for each endpoint, after one that warms up; then the release of the first burst is fixed.
export function setup() {
  const seen = {};
  for (const burst of bursts) {
    if (__ENV.SOLO !== '0' && !seen[burst.path]) {
      seen[burst.path] = true;
      http.get(`${base}${burst.warm_up}`, { tags: { phase: 'connect' } });
      const tags = { phase: 'solo', setup: burst.setup, endpoint: burst.endpoint };
      const answer = http.get(url(burst), { tags, timeout: timeout(burst) });
      if (answer.status < 200 || answer.status > 299) {
        exec.test.abort(`${url(burst)}: a request alone got status ${answer.status}`);
      }
    }
  }
  return { start: Number(__ENV.START_AT) || Date.now() + lead };
}

export function fire(data) {
  const burst = bursts[Number(__ENV.BURST)];
  const released = data.start + burst.release;
  http.get(`${base}/.well-known/spin/health`, { tags: { phase: 'connect' }, responseCallback: null });

  const due = released + exec.scenario.iterationInTest * burst.spacing;
  sleep(Math.max(0, due - Date.now()) / 1000);

  const tags = {
    phase: 'burst', setup: burst.setup, endpoint: burst.endpoint,
    n: `${burst.n}`, start_ms: `${released}`, spacing_ms: `${burst.spacing}`,
  };
  const answer = http.get(url(burst), { tags, timeout: timeout(burst) });
  if (answer.status === 200 && answer.body && answer.body.length < 4096) {
    exec.vu.metrics.metadata.reply = answer.body;
    replies.add(1, { setup: burst.setup, endpoint: burst.endpoint, url: url(burst) });
    delete exec.vu.metrics.metadata.reply;
  }
}
