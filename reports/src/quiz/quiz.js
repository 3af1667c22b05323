'use strict';
// The first answer counts: it is marked, and what was measured unfolds. At the end says how many were right.
(() => {
  const asked = [...document.querySelectorAll('.asked')];
  let done = 0;
  let right = 0;
  for (const section of asked) {
    section.querySelector('details').hidden = true;
    const labels = [...section.querySelectorAll('label')];
    const inputs = [...section.querySelectorAll('input')];
    const sure = document.createElement('button');
    Object.assign(sure, { type: 'button', textContent: 'That is my answer', disabled: true });
    section.querySelector('fieldset').append(sure);
    inputs.forEach((input) => input.addEventListener('change', () => { sure.disabled = false; }));
    sure.addEventListener('click', () => {
      const chosen = inputs.findIndex((input) => input.checked);
      const isRight = chosen === Number(section.dataset.right);
      inputs.forEach((input) => { input.disabled = true; });
      sure.remove();
      labels[section.dataset.right].classList.add('right');
      section.querySelector('.mark').textContent = isRight && section.dataset.says === 'Right is' ? 'Right.' : `${section.dataset.says} ${labels[section.dataset.right].textContent}`;
      const details = section.querySelector('details');
      Object.assign(details, { hidden: false, open: true });
      details.querySelector('summary').focus();
      done += 1;
      right += isRight;
      if (done === asked.length) document.getElementById('score').textContent = `${right} of ${done} right.`;
    });
  }
})();
