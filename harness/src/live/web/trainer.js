'use strict';
// For the trainer: what to say and press, a clock, and the way to any lesson. It stands below the lesson, or in a window of
// its own, since a room that reads the script knows the answer before it is asked. The two windows tell each other the lesson.
const trainerScript = ({ make, button, lessons }) => {
  const IN_ITS_WINDOW = 'script';
  const alone = location.hash.slice(1).startsWith(`${IN_ITS_WINDOW}/`);
  const other = new BroadcastChannel('script');
  const began = new Map();
  let clock = null;
  let elsewhere = false;
  let now = null;
  let box = null;
  let course = [];

  const part = (heading, lines, kind = 'ul') => {
    make(box, 'h3', heading);
    const list = make(box, kind);
    lines.forEach((line) => make(list, 'li', line));
  };

  const theClock = (name, minutes) => {
    const time = make(box, 'p', '', { class: 'clock' });
    if (!began.has(name)) began.set(name, Date.now());
    const tick = () => {
      const seconds = Math.floor((Date.now() - began.get(name)) / 1000);
      time.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} of ${minutes} min`;
      time.classList.toggle('over', seconds > minutes * 60);
    };
    tick();
    clock = setInterval(tick, 1000);
  };

  const theJump = (name) => {
    const label = make(box, 'label', 'Go to ');
    const jump = make(label, 'select', '', { id: 'jump' });
    course.forEach((lesson) => {
      const option = make(jump, 'option', `${lesson.title}${lesson.core ? '' : ' (besides)'}`, { value: lesson.name });
      option.selected = lesson.name === name;
    });
    jump.addEventListener('change', () => {
      if (alone) other.postMessage({ go: jump.value });
      else location.hash = `#lesson/${jump.value}`;
    });
  };

  const draw = (parent, name) => {
    const { script, title } = course.find((lesson) => lesson.name === name);
    box = make(parent, 'aside', '', { class: 'script', 'aria-label': 'For the trainer' });
    make(box, 'h2', `For the trainer: ${title}`);
    theClock(name, script.minutes);
    if (!alone) {
      const open = () => window.open(`${location.pathname}#${IN_ITS_WINDOW}/${name}`, IN_ITS_WINDOW, 'popup,width=640,height=900');
      button(box, 'Show this in a window of its own', open, 'second');
    }
    part('Ask', script.ask);
    part('Press, in this order', script.press, 'ol');
    part('Common ideas, and where they come from', script.wrong_ideas.map(([idea, from]) => `\u201c${idea}\u201d ${from}`));
    part('When it goes wrong', script.goes_wrong.map(([what, then]) => `${what} ${then}`));
    theJump(name);
  };

  const stop = () => {
    clearInterval(clock);
    box?.remove();
    now = null;
  };

  // The script of a lesson, unless it has a window of its own, which is told to show it instead.
  const show = (parent, name) => {
    stop();
    now = { parent, name };
    course = lessons();
    if (!alone) other.postMessage({ shows: name });
    if (!elsewhere) draw(parent, name);
  };

  other.onmessage = ({ data }) => {
    if (alone) {
      if (!data.shows) return;
      other.postMessage({ here: true });
      location.hash = `#${IN_ITS_WINDOW}/${data.shows}`;
      return;
    }
    if (data.go) location.hash = `#lesson/${data.go}`;
    if (data.here === undefined || data.here === elsewhere) return;
    elsewhere = data.here;
    if (now) show(now.parent, now.name);
  };
  if (alone) {
    other.postMessage({ here: true });
    addEventListener('pagehide', () => other.postMessage({ here: false }));
  }
  return { show, stop };
};
