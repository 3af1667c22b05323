'use strict';
// Hides what does not match the filter, which lives in the hash: "#machine=1a2b3c4d&experiment=memory".
(() => {
  const all = (query) => [...document.querySelectorAll(query)];
  const form = document.querySelector('.filter');
  const choices = [...form.querySelectorAll('select')];
  const words = document.getElementById('words');
  const runs = all('.runs li');
  // What a run carries of a choice is a list, a line each. What carries nothing of it, as a trend, is not asked.
  const matches = (element) => choices.every(({ id, value }) => {
    const own = element.dataset[id];
    return !value || own === undefined || own.split('\n').includes(value);
  });
  const says = (run) => {
    const text = run.textContent.toLowerCase();
    return words.value.toLowerCase().split(/\s+/).every((word) => text.includes(word));
  };
  const apply = () => {
    all('[data-machine]').forEach((element) => element.classList.toggle('off', !matches(element)));
    runs.forEach((run) => run.classList.toggle('off', !matches(run) || !says(run)));
    const shown = runs.filter((run) => !run.classList.contains('off')).length;
    document.getElementById('shown').textContent = `${shown} of ${runs.length} shown`;
    reach();
  };
  // A drawing that is wider than its place can be moved by keyboard.
  const reach = () => all('.draw').forEach((draw) => { draw.tabIndex = draw.scrollWidth > draw.clientWidth ? 0 : -1; });
  const readHash = () => {
    const wanted = new URLSearchParams(location.hash.slice(1));
    choices.forEach((choice) => {
      choice.value = wanted.get(choice.id) ?? '';
      if (choice.selectedIndex < 0) choice.value = '';
    });
    words.value = wanted.get('words') ?? '';
    apply();
  };
  const changed = () => {
    const wanted = new URLSearchParams([...choices, words].filter((one) => one.value).map((one) => [one.id, one.value]));
    try {
      history.replaceState(null, '', '#' + wanted);
    } catch {
      location.hash = wanted;
    }
    apply();
  };
  form.addEventListener('input', changed);
  form.addEventListener('reset', () => setTimeout(changed));
  form.addEventListener('submit', (event) => event.preventDefault());
  form.hidden = false;
  window.addEventListener('hashchange', readHash);
  window.addEventListener('resize', reach);
  readHash();
})();
