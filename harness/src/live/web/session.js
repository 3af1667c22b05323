'use strict';
// Draws several servers from the frames that come: each figure as a number and as a line.
(() => {
  const HISTORY = 120;
  const [WIDTH, HEIGHT] = [140, 24];
  const at = (id) => document.getElementById(id);
  const make = (parent, name, text = '') => {
    const element = document.createElement(name);
    element.textContent = text;
    parent.append(element);
    return element;
  };

  // A number in the largest unit of which there is one; what was not measured is a dash.
  const scaled = (...units) => (value) => {
    if (value === null) return '-';
    const [size, unit] = units.find(([size]) => value >= size) || units[units.length - 1];
    return `${Number((value / size).toPrecision(3)).toLocaleString('en')}${unit}`;
  };
  const count = (value) => (value === null ? '-' : Number(value.toPrecision(3)).toLocaleString('en'));
  const time = scaled([1e9, ' s'], [1e6, ' ms'], [1e3, ' µs'], [1, ' ns']);
  const bytes = scaled([1 << 30, ' GiB'], [1 << 20, ' MiB'], [1 << 10, ' KiB'], [1, ' B']);
  const FIGURES = [
    ['replies/s', count, (model) => model.requests_per_s],
    ['failed/s', count, (model) => model.failed_per_s],
    ['median time', time, (model) => model.response_time_p50_ns],
    ['p99 time', time, (model) => model.response_time_p99_ns],
    ['memory', bytes, ({ memory: m }) => m && m.resident_bytes + m.page_table_bytes + m.kernel_stack_bytes],
    ['threads', count, (model) => model.threads],
    ['switches/s', count, (model) => model.switches_per_s],
    ['CPUs busy', count, (model) => model.cpu_share],
  ];

  const line = (values, most) => {
    let pen = 'M';
    return values.map((value, index) => {
      if (value === null) {
        pen = 'M';
        return '';
      }
      const x = WIDTH - (values.length - 1 - index) * WIDTH / HISTORY;
      const step = `${pen}${x.toFixed(1)} ${(HEIGHT - 2 - (HEIGHT - 4) * value / most).toFixed(1)}`;
      pen = 'L';
      return step;
    }).join('');
  };

  const panels = new Map();
  const panel = (contender) => {
    const box = make(at('models'), 'section');
    box.className = 'panel';
    make(box, 'h3', contender);
    const note = make(box, 'p');
    const body = make(make(box, 'table'), 'tbody');
    const rows = FIGURES.map(([label]) => {
      const row = make(body, 'tr');
      make(row, 'th', label).scope = 'row';
      const value = make(row, 'td');
      make(row, 'td').innerHTML =
        `<svg class="k5" width="${WIDTH}" height="${HEIGHT}" aria-hidden="true"><path class="line"/></svg>`;
      return { value, path: row.querySelector('path') };
    });
    return { note, rows };
  };

  const frames = [];
  const show = ({ asked, models }) => {
    const rate = asked.rate_rps === null ? 'closed loop' : `${count(asked.rate_rps)} requests/s`;
    at('asked').textContent = `Each has ${asked.connections} connections and ${asked.flood} idle ones: ${asked.work}, ` +
      `${asked.is_paused ? 'paused' : rate}.`;
    const past = (place, read) => frames.map((frame) => (frame.models[place] ? read(frame.models[place]) : null));
    models.forEach((model, place) => {
      if (!panels.has(model.contender)) panels.set(model.contender, panel(model.contender));
      const { note, rows } = panels.get(model.contender);
      note.textContent = model.state.how || model.state.why || model.doubt || '';
      FIGURES.forEach(([, say, read], index) => {
        const most = Math.max(...models.flatMap((_, other) => past(other, read)), 1e-9);
        rows[index].value.textContent = say(read(model));
        rows[index].path.setAttribute('d', line(past(place, read), most));
      });
    });
  };

  const source = new EventSource('events');
  source.addEventListener('frame', (event) => {
    frames.push(JSON.parse(event.data));
    if (frames.length > HISTORY) frames.shift();
    show(frames[frames.length - 1]);
  });
  source.onopen = () => {
    frames.length = 0;
    at('end').textContent = '';
  };
  source.onerror = () => { at('end').textContent = 'The harness does not answer; trying again.'; };
})();
