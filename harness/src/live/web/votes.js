'use strict';
// The trainer's side of a room that votes: the way in for phones, how many have answered, and the answers once a round is closed.
// While a vote is open it looks every second; no run goes on then.
const roomVotes = ({ make, button, shape, look, take, doing, letters }) => {
  let timer = null;

  // How often each answer was chosen, a bar for each round that was counted, of one or two.
  const bars = (parent, answers, counts, rounds = counts.length) => {
    const table = make(parent, 'table', '', { class: 'votes' });
    const head = make(make(table, 'thead'), 'tr');
    make(head, 'th', 'answer', { scope: 'col' });
    counts.forEach((_, round) => make(head, 'th', rounds < 2 ? 'votes' : ['before', 'after'][round], { scope: 'col' }));
    const most = Math.max(1, ...counts.flat());
    const body = make(table, 'tbody');
    answers.forEach((answer, index) => {
      const row = make(body, 'tr');
      make(row, 'th', `${letters[index]}. ${answer}`, { scope: 'row' });
      counts.forEach((round, place) => {
        const cell = make(row, 'td');
        const svg = shape(cell, 'svg', { width: 120, height: 16, viewBox: '0 0 120 16', 'aria-hidden': 'true' });
        shape(svg, 'rect', { class: `vote-${place}`, width: (120 * round[index]) / most, height: 16 });
        make(cell, 'span', String(round[index]));
      });
    });
  };

  // The panel on a lesson's question. `settings` is what it is set to, `settled` is called with the prediction of the room.
  const panel = (parent, lesson, settled) => {
    const box = make(parent, 'section', '', { class: 'room', 'aria-label': 'The room' });
    make(box, 'h2', 'The room');
    const way = make(box, 'div', '', { class: 'way' });
    const state = make(box, 'p', '', { role: 'status', id: 'votes' });
    const shown = make(box, 'div');
    const buttons = make(box, 'p');
    let drawn = '';
    const press = (text, what, told, kind) => button(buttons, text, doing(async () => {
      const { id } = await take(what, told);
      if (id === undefined) return draw();
      stop();
      return settled(id);
    }), kind);
    const ask = { lesson: lesson.name, settings: lesson.controls.map(({ name, value }) => [name, value]) };

    const draw = async () => {
      stop();
      if (!box.isConnected) return;
      const { address, qr, ballot } = await look('room');
      if (!way.firstChild && address) {
        if (qr) make(way, 'div', '', { class: 'qr' }).innerHTML = qr;
        make(way, 'p', address, { class: 'address' });
      }
      const mine = ballot && ballot.question === lesson.question ? ballot : null;
      const open = Boolean(mine && mine.open);
      state.textContent = mine ? `${mine.votes} ${mine.votes === 1 ? 'answer' : 'answers'} in round ${mine.round}${open ? '; the vote is open.' : '.'}` : 'The room has not been asked this.';
      const now = JSON.stringify([mine && [mine.open, mine.round, mine.counts]]);
      if (now !== drawn) {
        drawn = now;
        shown.replaceChildren();
        buttons.replaceChildren();
        way.hidden = Boolean(mine && !open);
        if (mine && mine.counts.length) bars(shown, mine.answers, mine.counts, mine.round);
        if (!mine) press('Ask the room', 'ask-room', ask);
        if (open) press('Close the vote and show it', 'close-vote', {});
        if (mine && !open) {
          press('That is the room\u2019s answer', 'settle-vote', {});
          if (mine.round < mine.rounds) press('Discuss, then vote again', 'vote-again', {}, 'second');
        }
      }
      if (open) timer = setTimeout(doing(draw), 1000);
    };
    doing(draw)();
  };

  const stop = () => clearTimeout(timer);
  return { panel, bars, stop };
};
