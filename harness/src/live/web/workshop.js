'use strict';
// A workshop: the list of lessons, and each lesson from its question over the run to what came out. What is shown follows
// from the address and from what the harness tells; between two events it does nothing, but for the trainer's clock.
(() => {
  const at = (id) => document.getElementById(id);
  const main = at('main');
  const LETTERS = 'ABCDEFGH';

  const make = (parent, name, text = '', attributes = {}) => {
    const element = document.createElement(name);
    if (text) element.textContent = text;
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    parent.append(element);
    return element;
  };
  const button = (parent, text, press, kind = '') => {
    const element = make(parent, 'button', text, kind ? { type: 'button', class: kind } : { type: 'button' });
    element.addEventListener('click', press);
    return element;
  };
  // A drawing: each shape with a class, since no style may stand in the page.
  const shape = (parent, name, attributes, text = '') => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text) element.textContent = text;
    parent.append(element);
    return element;
  };

  // What scrolls can be reached by keyboard, as in a report.
  const reach = () => document.querySelectorAll('.draw').forEach((draw) => { draw.tabIndex = draw.scrollWidth > draw.clientWidth ? 0 : -1; });
  addEventListener('resize', reach);

  const trouble = (error) => { at('trouble').textContent = error ? String(error.message || error).trim() : ''; };
  const answered = async (asked) => {
    const reply = await asked;
    if (!reply.ok) throw new Error(await reply.text());
    trouble('');
    return reply.json();
  };
  const look = (what) => answered(fetch(`look/${what}`));
  const take = (what, told) => answered(fetch(`take/${what}`, { method: 'POST', body: JSON.stringify(told) }));
  // Whatever fails is said on top, and the page stays as it is.
  const doing = (what) => () => Promise.resolve().then(what).catch(trouble);

  const votes = roomVotes({ make, button, shape, look, take, doing, letters: LETTERS });

  let course = null;
  let shown = 0;

  const trainer = trainerScript({ make, button, lessons: () => course.lessons });
  const theScript = (name) => { if (course?.trainer) trainer.show(main, name); };

  // What is told of the run and of the servers that are left running, as it was told last.
  const told = { run: null, picture: '', standing: [] };
  let heard = () => {};
  const source = new EventSource('events');
  source.addEventListener('desk', (event) => {
    const [what, now] = JSON.parse(event.data);
    told[what] = now;
    heard(what, now);
  });
  source.onerror = () => trouble('The harness does not answer; trying again.');
  source.onopen = () => trouble('');

  // A new view: its heading is where a reader goes on.
  const begin = (title, place = '') => {
    shown += 1;
    votes.stop();
    heard = () => {};
    main.replaceChildren();
    at('place').textContent = place;
    document.title = `${title} - tokio or OS threads?`;
    const heading = make(main, 'h1', title, { tabindex: '-1' });
    if (shown > 1) heading.focus();
    window.scrollTo(0, 0);
    return shown;
  };

  const theList = async () => {
    course = await look('course');
    begin('tokio or OS threads? A workshop');
    make(main, 'p', 'Each lesson asks you first. Then a short run on this machine shows which answer is right here, or that it can\u2019t tell.', { class: 'standfirst' });
    const listed = (heading, those) => {
      make(main, 'h2', heading);
      const list = make(main, 'ol', '', { class: 'lessons' });
      for (const lesson of those) {
        const item = make(list, 'li');
        make(item, 'a', lesson.title, { href: `#lesson/${lesson.name}` });
        make(item, 'span', lesson.asks);
        if (lesson.verdict) {
          const said = make(item, 'span', 'Last time: ');
          make(said, 'a', lesson.verdict, { href: `#seen/${lesson.id}` });
        }
      }
    };
    listed('For two hours', course.lessons.filter((lesson) => lesson.core));
    listed('Besides', course.lessons.filter((lesson) => !lesson.core));
    if (!course.handouts) return;
    make(main, 'h2', 'To hand out');
    make(main, 'p', `The questions to ask again in four weeks, with what was measured today: ${course.handouts.quiz}`, { class: 'lead' });
    make(main, 'p', `All predictions without names, as a table: ${course.handouts.table}`, { class: 'lead' });
  };

  const chosen = (name) => document.querySelector(`input[name=${name}]:checked`)?.value;

  // The question, the answers and how sure; nothing can be run before both are chosen.
  const theQuestion = async (name, settings = '') => {
    if (!course) course = await look('course');
    const lesson = await look(`lesson/${name}${settings && `/${settings}`}`);
    const place = course.lessons.findIndex((one) => one.name === name) + 1;
    begin(lesson.title, `\u00b7 lesson ${place} of ${course.lessons.length}`);
    make(main, 'p', lesson.question, { class: 'question', id: 'question' });
    const settled = (id) => theRun(lesson, id);
    if (course.room) {
      const list = make(main, 'ul', '', { class: 'answers' });
      lesson.answers.forEach((answer, index) => make(list, 'li', `${LETTERS[index]}. ${answer}`));
      votes.panel(main, lesson, settled);
      theControls(lesson);
      theScript(name);
      const alone = make(main, 'p');
      button(alone, 'Answer without the room', () => { alone.remove(); theAnswer(lesson, main); }, 'second');
      return;
    }
    theAnswer(lesson, main);
    theControls(lesson);
    theScript(name);
  };

  // One answer, of whoever sits at the page.
  const theAnswer = (lesson, parent) => {
    const answers = make(parent, 'fieldset');
    make(answers, 'legend', 'What do you expect?');
    lesson.answers.forEach((answer, index) => {
      const label = make(answers, 'label');
      make(label, 'input', '', { type: 'radio', name: 'answer', value: index });
      make(label, 'span', `${LETTERS[index]}. ${answer}`);
    });
    const sure = make(parent, 'fieldset', '', { class: 'sure' });
    make(sure, 'legend', 'How sure are you?');
    for (const [value, text] of [['low', 'It is a guess'], ['middle', 'Fairly sure'], ['high', 'Very sure']]) {
      const label = make(sure, 'label');
      make(label, 'input', '', { type: 'radio', name: 'sure', value });
      make(label, 'span', text);
    }
    const done = button(parent, 'That is my answer', doing(async () => {
      const { id } = await take('predict', {
        lesson: lesson.name, chosen: Number(chosen('answer')), sure: chosen('sure'), settings: lesson.controls.map(({ name, value }) => [name, value]),
      });
      theRun(lesson, id);
    }));
    const ready = () => { done.disabled = !(chosen('answer') && chosen('sure')); };
    ready();
    answers.addEventListener('change', ready);
    sure.addEventListener('change', ready);
  };

  const settingsOf = (controls) => controls.map((control) => `${control.name}=${at(`set-${control.name}`).value}`).join(',');

  const theControls = (lesson) => {
    if (!lesson.controls.length) return;
    const box = make(main, 'details');
    make(box, 'summary', 'Change what is run');
    const controls = make(box, 'fieldset', '', { class: 'controls' });
    make(controls, 'legend', 'What is run');
    for (const control of lesson.controls) {
      const label = make(controls, 'label', `${control.label}, ${control.least} to ${control.most}:`);
      make(label, 'input', '', { type: 'number', id: `set-${control.name}`, min: control.least, max: control.most, value: control.value });
    }
    button(box, 'Ask me this way', doing(() => theQuestion(lesson.name, settingsOf(lesson.controls))), 'second');
    box.open = lesson.controls.some((control) => control.value !== control.usual);
  };

  // The answer stands; the run is begun by hand, since a room may want to discuss first.
  const theRun = (lesson, id) => {
    const view = begin(lesson.title, at('place').textContent);
    make(main, 'p', lesson.question, { class: 'question' });
    make(main, 'p', '', { id: 'said', class: 'lead' });
    look(`prediction/${id}`).then(({ said }) => { at('said').textContent = said; }).catch(trouble);
    const buttons = make(main, 'p');
    const state = make(main, 'p', '', { role: 'status', id: 'state' });
    const progress = make(main, 'progress', '', { 'aria-label': 'Measurements that have ended', hidden: '' });
    const picture = make(main, 'div', '', { id: 'picture' });
    const press = (what) => doing(async () => {
      for (const one of buttons.children) one.disabled = true;
      try {
        await take(what, { id });
      } catch (error) {
        for (const one of buttons.children) one.disabled = false;
        throw error;
      }
      if (what === 'replay' && shown === view) location.hash = `#seen/${id}`;
    });
    button(buttons, 'Run it here', press('run')).id = 'run';
    if (lesson.recorded) button(buttons, 'Show the recorded run', press('replay'), 'second').id = 'replay';
    heard = (what, now) => {
      if (shown !== view) return;
      if (what === 'picture' && told.run && told.run.id === id) { picture.innerHTML = now; reach(); }
      if (what !== 'run' || now.id !== id) return;
      progress.hidden = false;
      progress.max = Math.max(now.cells, 1);
      progress.value = now.ended;
      if (now.phase === 'running') state.textContent = `${now.ended} of ${now.cells} measurements; about ${now.left_s} s left. ${now.now}`;
      if (now.phase === 'failed') {
        state.textContent = '';
        progress.hidden = true;
        for (const one of buttons.children) one.disabled = false;
        trouble(now.why);
      }
      if (now.phase === 'ended') location.hash = `#seen/${id}`;
    };
    at('run').focus();
    theScript(lesson.name);
  };

  // Where the measured value lies among the answers.
  const theLine = (line, answers, right) => {
    const width = Math.min(main.clientWidth, 736);
    const svg = shape(main, 'svg', { class: 'line', width, height: 86, viewBox: `0 0 ${width} 86`, role: 'img', 'aria-label': line.said });
    const x = (share) => 10 + (width - 20) * share;
    const ends = [0, ...line.bounds, 1];
    answers.forEach((_, index) => {
      const [from, to] = [x(ends[index]), x(ends[index + 1])];
      shape(svg, 'rect', { class: 'zone', x: from, y: 30, width: to - from, height: 22 });
      shape(svg, 'text', { x: (from + to) / 2, y: 22, 'text-anchor': 'middle' }, LETTERS[index]);
    });
    if (right !== null) shape(svg, 'rect', { class: 'zone right', x: x(ends[right]), y: 30, width: x(ends[right + 1]) - x(ends[right]), height: 22 });
    if (line.interval) shape(svg, 'line', { class: 'ci', x1: x(line.interval[0]), x2: x(line.interval[1]), y1: 41, y2: 41 });
    shape(svg, 'circle', { class: 'point', cx: x(line.value), cy: 41, r: 7 });
    line.bounds.forEach((bound, index) => {
      shape(svg, 'text', { x: x(bound), y: 72, 'text-anchor': 'middle' }, line.labels[index]);
    });
  };

  const theSource = ({ models, rows }) => {
    make(main, 'h2', 'The code side by side');
    make(main, 'p', 'Lines that differ are marked.', { class: 'lead' });
    const box = make(main, 'div', '', { class: 'beside', tabindex: '0', role: 'region', 'aria-label': `${models[0]} and ${models[1]}` });
    const table = make(box, 'table');
    const head = make(make(table, 'thead'), 'tr');
    models.forEach((model) => { make(head, 'th', model, { scope: 'col' }); });
    const body = make(table, 'tbody');
    for (const { left, right, same } of rows) {
      const row = make(body, 'tr', '', same ? {} : { class: 'differs' });
      make(row, 'td', left || '');
      make(row, 'td', right || '');
    }
  };

  // Commands for another terminal, with the number of a server that runs.
  const theLook = (seen) => {
    make(main, 'h2', 'Look at it yourself');
    const state = make(main, 'p', '', { role: 'status', class: 'lead' });
    const buttons = make(main, 'p');
    const start = button(buttons, 'Start the servers', doing(() => take('stand', { id: seen.id })), 'second');
    const end = button(buttons, 'End them', doing(() => take('end', {})), 'second');
    const list = make(main, 'ul', '', { class: 'look' });
    const draw = () => {
      const mine = told.standing.filter((server) => server.id === seen.id && server.pid);
      const why = told.standing.find((server) => server.id === seen.id)?.why;
      start.disabled = mine.length > 0;
      end.hidden = !mine.length;
      state.textContent = mine.length
        ? `Running under a small load: ${mine.map(({ contender, pid }) => `${contender} is process ${pid}`).join(', ')}.`
        : why || 'Start the lesson\u2019s servers, and type these in another terminal. They end by themselves after ten minutes.';
      list.replaceChildren();
      for (const { command, shows } of seen.look) {
        const item = make(list, 'li');
        make(item, 'code', command.replaceAll('PID', mine.length ? mine[0].pid : 'PID'), { tabindex: '0' });
        make(item, 'span', shows);
      }
    };
    draw();
    heard = (what) => { if (what === 'standing') draw(); };
  };

  // Steps through recorded moments by itself, once, for whoever wants to see things move.
  const play = (moments) => {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const inputs = [...moments.querySelectorAll('input')];
    const step = (place) => {
      if (!moments.isConnected || place >= inputs.length) return;
      inputs[place].checked = true;
      setTimeout(step, 1200, place + 1);
    };
    button(moments, 'Play', () => step(0), 'second');
  };

  const theReveal = async (id) => {
    if (!course) course = await look('course');
    const seen = await look(`reveal/${id}`);
    begin(seen.title, '\u00b7 what came out');
    make(main, 'p', seen.question, { class: 'question' });
    make(main, 'p', seen.verdict, { class: 'verdict', id: 'verdict' });
    if (seen.undecided) make(main, 'p', seen.undecided, { class: 'warn' });
    make(main, 'p', `Measured: ${seen.measured}`, { id: 'measured' });
    if (seen.counts.length) {
      make(main, 'p', `The room said: ${seen.expected}`, { class: 'lead' });
      votes.bars(main, seen.answers, seen.counts);
    }
    if (seen.line) theLine(seen.line, seen.answers, seen.right);
    const answers = make(main, 'ul', '', { class: 'answers' });
    seen.answers.forEach((answer, index) => {
      const marks = [index === seen.right && 'right', index === seen.chosen && 'chosen'].filter(Boolean);
      const item = make(answers, 'li', '', marks.length ? { class: marks.join(' ') } : {});
      const said = [index === seen.chosen && `your answer, ${seen.sure}`, index === seen.right && 'right here'].filter(Boolean).join('; ');
      make(item, 'b', `${LETTERS[index]}. ${answer}${said && ` (${said})`}`);
      make(item, 'small', `Whoever says so believes: ${seen.beliefs[index]}`);
    });
    make(main, 'h2', 'Why');
    seen.explanation.forEach((text) => make(main, 'p', text));
    for (const html of seen.pictures) make(main, 'div').innerHTML = html;
    reach();
    document.querySelectorAll('.moments fieldset').forEach(play);
    theSource(seen);
    theLook(seen);
    make(main, 'h2', 'What if?');
    theControls({ name: seen.lesson, controls: seen.controls });
    const next = course.lessons[course.lessons.findIndex((lesson) => lesson.name === seen.lesson) + 1];
    const steps = make(main, 'p');
    if (next) make(steps, 'a', `Next lesson: ${next.title}`, { href: `#lesson/${next.name}` });
    make(main, 'p', `The report of this run: ${seen.report}`, { class: 'lead' });
    theScript(seen.lesson);
    course = null;
  };

  // In its own window: nothing but the script of the lesson that the other one shows.
  const theTrainersWindow = async (name) => {
    if (!course) course = await look('course');
    begin('For the trainer');
    theScript(name);
  };

  const route = doing(() => {
    trainer.stop();
    const [kind, what] = location.hash.slice(1).split('/');
    if (kind === 'lesson') return theQuestion(what);
    if (kind === 'seen') return theReveal(what);
    if (kind === 'script') return theTrainersWindow(what);
    return theList();
  });
  addEventListener('hashchange', route);
  route();
})();
