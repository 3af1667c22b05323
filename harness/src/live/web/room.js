'use strict';
// A phone in the room: asks every few seconds what is asked, and sends one answer, which may be changed while the vote is open.
(() => {
  const at = (id) => document.getElementById(id);
  const form = at('form');
  const chosen = (name) => form.querySelector(`input[name=${name}]:checked`)?.value;
  const SECONDS = { waiting: 4, vote: 4, closed: 4, run: 15 };
  const SAYS = {
    waiting: 'The next question comes soon.',
    closed: 'The vote is closed. Look ahead.',
    run: 'It is being measured. Look ahead.',
  };
  let shown = '';
  let timer = null;

  const trouble = (error) => { at('trouble').textContent = error ? String(error.message || error).trim() : ''; };

  const ready = () => { at('send').disabled = !(chosen('answer') && chosen('sure')); };

  // A question that is there already stays as it is, or a choice would be lost.
  const ask = (now) => {
    shown = `${now.ballot}.${now.round}`;
    form.reset();
    at('answers').querySelectorAll('label').forEach((label) => label.remove());
    now.answers.forEach((answer, index) => {
      const label = document.createElement('label');
      const input = document.createElement('input');
      Object.assign(input, { type: 'radio', name: 'answer', value: index });
      const text = document.createElement('span');
      text.textContent = `${'ABCDEFGH'[index]}. ${answer}`;
      label.append(input, text);
      at('answers').append(label);
    });
    if (now.mine) {
      form.elements.answer[now.mine.chosen].checked = true;
      form.elements.sure.value = now.mine.sure;
    }
    at('send').textContent = now.mine ? 'Change my answer' : 'Send';
    at('state').textContent = now.mine ? 'Your answer has arrived.' : now.round > 1 ? 'Once more, after the discussion.' : '';
    ready();
  };

  const show = (now) => {
    at('question').textContent = now.question || 'Wait for the question.';
    form.hidden = now.phase !== 'vote';
    if (now.phase !== 'vote') {
      shown = '';
      at('state').textContent = SAYS[now.phase];
    } else if (shown !== `${now.ballot}.${now.round}`) {
      ask(now);
    }
    return SECONDS[now.phase];
  };

  const look = async () => {
    clearTimeout(timer);
    let seconds = 5;
    try {
      const reply = await fetch('now');
      if (!reply.ok) throw new Error(await reply.text());
      seconds = show(await reply.json());
      trouble('');
    } catch (error) {
      trouble(error instanceof TypeError ? 'The workshop does not answer; trying again.' : error);
    }
    // Not all at the same moment.
    if (!document.hidden) timer = setTimeout(look, seconds * 1000 * (0.8 + 0.4 * Math.random()));
  };

  form.addEventListener('change', ready);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    at('send').disabled = true;
    const [ballot, round] = shown.split('.').map(Number);
    try {
      const told = { ballot, round, chosen: Number(chosen('answer')), sure: chosen('sure') };
      const reply = await fetch('vote', { method: 'POST', body: JSON.stringify(told) });
      if (!reply.ok) throw new Error(await reply.text());
      at('state').textContent = 'Your answer has arrived.';
      at('send').textContent = 'Change my answer';
      trouble('');
    } catch (error) {
      trouble(error instanceof TypeError ? 'It has not arrived; send it again.' : error);
    }
    ready();
  });
  document.addEventListener('visibilitychange', look);
  look();
})();
