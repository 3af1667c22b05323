'use strict';
// Hides what does not match the filter, which lives in the hash: "#machine=1a2b3c4d&experiment=memory".
(() => {
  const all = (query) => [...document.querySelectorAll(query)];
  const [machine, experiment] = ['machine', 'experiment'].map((id) => document.getElementById(id));
  const matches = (element) => {
    const { machine: own, experiments } = element.dataset;
    const of = experiments === undefined ? [experiment.value] : experiments.split(' ');
    return (!machine.value || own === machine.value) && (!experiment.value || of.includes(experiment.value));
  };
  const apply = () => {
    all('[data-machine]').forEach((element) => element.classList.toggle('off', !matches(element)));
    const runs = all('.runs li');
    const shown = runs.filter((run) => !run.classList.contains('off')).length;
    document.getElementById('shown').textContent = `${shown} of ${runs.length} shown`;
    reach();
  };
  // A drawing that is wider than its place can be moved by keyboard.
  const reach = () => all('.draw').forEach((draw) => { draw.tabIndex = draw.scrollWidth > draw.clientWidth ? 0 : -1; });
  const choose = (select, value) => {
    select.value = [...select.options].some((option) => option.value === value) ? value : '';
  };
  const readHash = () => {
    const wanted = new URLSearchParams(location.hash.slice(1));
    choose(machine, wanted.get('machine') ?? '');
    choose(experiment, wanted.get('experiment') ?? '');
    apply();
  };
  [machine, experiment].forEach((select) => select.addEventListener('change', () => {
    const wanted = [machine, experiment].filter((one) => one.value).map((one) => `${one.id}=${encodeURIComponent(one.value)}`);
    try {
      history.replaceState(null, '', '#' + wanted.join('&'));
    } catch {
      location.hash = wanted.join('&');
    }
    apply();
  }));
  document.querySelector('.filter').hidden = false;
  window.addEventListener('hashchange', readHash);
  window.addEventListener('resize', reach);
  readHash();
})();
