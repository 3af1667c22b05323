'use strict';
// Puts what the run says in its place. Between two events it does nothing: no timer, no animation, no request.
(() => {
  const at = (id) => document.getElementById(id);
  const held = new Map();

  // What somebody is using stays as it is until they leave it; details that were open stay open.
  const put = (place, html) => {
    if (place.contains(document.activeElement)) {
      held.set(place, html);
      return;
    }
    held.delete(place);
    const details = () => [...place.querySelectorAll('details')];
    const open = details().map((one) => one.open);
    place.innerHTML = html;
    details().forEach((one, index) => { one.open = Boolean(open[index]); });
  };
  document.addEventListener('focusout', () => setTimeout(() => {
    for (const [place, html] of held) put(place, html);
  }));

  const rough = (seconds) => (seconds < 180 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`);
  const boxes = new Map();
  const show = {
    state({ ended, cells, left_s, now }) {
      at('state').textContent = `${ended} of ${cells} measurements have ended; about ${rough(left_s)} left.`;
      at('progress').max = Math.max(cells, 1);
      at('progress').value = ended;
      at('now').textContent = now && `Now: ${now}`;
    },
    sentences: (html) => put(at('sentences'), html),
    // A box per picture, in the order of the report.
    pictures(anchors) {
      for (const [anchor, box] of boxes) {
        if (!anchors.includes(anchor)) {
          box.remove();
          boxes.delete(anchor);
        }
      }
      anchors.forEach((anchor, place) => {
        if (!boxes.has(anchor)) boxes.set(anchor, document.createElement('div'));
        const there = at('pictures').children[place];
        if (there !== boxes.get(anchor)) at('pictures').insertBefore(boxes.get(anchor), there || null);
      });
    },
    picture([anchor, html]) {
      if (boxes.has(anchor)) put(boxes.get(anchor), html);
    },
    // The report is fetched at once: the harness may end, and take it along.
    end({ ending, report }) {
      source.close();
      document.body.className = 'over';
      at('kicker').textContent = 'A run that is over';
      at('state').textContent = at('state').textContent.replace(/;.*/, '.');
      at('now').textContent = '';
      at('end').textContent = `The run has ${ending}. The report is in ${report}`;
      fetch('report').then((reply) => (reply.ok ? reply.blob() : Promise.reject())).then((page) => {
        const link = document.createElement('a');
        link.href = URL.createObjectURL(page);
        link.textContent = 'Open the report';
        at('end').append(': ', link, '.');
      }).catch(() => at('end').append('.'));
    },
  };

  // A browser connects again by itself, and is then told everything anew.
  const source = new EventSource('events');
  for (const kind of Object.keys(show)) {
    source.addEventListener(kind, (event) => show[kind](JSON.parse(event.data)));
  }
  source.onopen = () => { at('end').textContent = ''; };
  source.onerror = () => { at('end').textContent = 'The harness does not answer; trying again.'; };
})();
